public import GatePrimitives
public import NIOCore

/// The body of a refusal: `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code` and `decision`.
///
/// `type` is `urn:portcullis:problem:CODE`: stable, compared as a string and not meant to be fetched (RFC 9457 §3.1.1).
/// Nothing in it comes from the request but the decision's id, so nothing internal can leak through it (attacks 77).
public enum Problem {
    /// The body's media type.
    public static let contentType = "application/problem+json"

    /// Everything up to the decision's digits, by code.
    private static let prefixes: [[UInt8]] = RefusalCode.allCases.map { code in
        var text = TextBuffer()
        text.append(literal: "{\"type\":\"urn:portcullis:problem:")
        text.append(code.word)
        text.append(literal: "\",\"title\":")
        text.append(JSONText.quoted(code.title))
        text.append(literal: ",\"status\":")
        text.append(code.status)
        text.append(literal: ",\"code\":\"")
        text.append(code.word)
        text.append(literal: "\",\"decision\":\"")
        return text.array
    }

    private static func prefix(_ code: RefusalCode) -> [UInt8] {
        prefixes.at(Int(code.rawValue)) ?? []
    }

    /// How many bytes ``append(_:decision:to:)`` writes for `code`: the `content-length`.
    public static func length(_ code: RefusalCode) -> Int {
        prefix(code).count + DecisionID.textLength + 3
    }

    /// Writes the body for `code` and the decision's id to `buffer`.
    public static func append(_ code: RefusalCode, decision: DecisionID, to buffer: inout ByteBuffer) {
        buffer.writeBytes(prefix(code))
        decision.write(to: &buffer)
        buffer.writeStaticString("\"}\n")
    }
}
