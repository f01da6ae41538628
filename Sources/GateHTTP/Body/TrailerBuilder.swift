public import GatePrimitives
import NIOCore

/// Builds a trailer section from the fields that HTTP/2 sends behind a body (RFC 9113 §8.1), judged as in HTTP/1.1.
///
/// Faults are those of `BodyDecoder`: `bad_trailer` or `identity_spoof` in `read` for a client's, `bad_upstream_response`
/// in `relay` for a backend's.
public struct TrailerBuilder: Sendable {
    private let limits: HeadLimits
    private let isResponse: Bool
    private var bytes = ByteBuffer()

    /// An empty section; `isResponse` says that a backend sends it.
    public init(limits: BodyLimits = .standard, isResponse: Bool) {
        self.limits = limits.trailers
        self.isResponse = isResponse
    }

    /// Takes one field.
    public mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Fault) {
        do throws(HeadError) {
            try StreamField.check(name, value, allowsObsText: isResponse)
            // LIMIT: the section is judged as a whole; what is gathered until then has its bound, too.
            guard bytes.readableBytes &+ name.count &+ value.count &+ 6 <= limits.head else { throw .init(.badTrailer) }
        } catch {
            throw fault(.badTrailer)
        }
        bytes.append(name)
        bytes.writeStaticString(": ")
        bytes.append(value)
        bytes.writeStaticString("\r\n")
    }

    /// The lines that may be passed on; nil where there are none. Call it once.
    public mutating func finish() throws(Fault) -> FieldBlock? {
        bytes.writeStaticString("\r\n")
        var parser = TrailerParser()
        do throws(HeadError) {
            guard try parser.read(&bytes, limits, isResponse: isResponse) else { throw .init(.badTrailer) }
        } catch {
            throw fault(error.reason)
        }
        return parser.lines
    }

    private func fault(_ reason: Reason) -> Fault {
        isResponse ? Fault(.relay, .badUpstreamResponse) : Fault(.read, reason)
    }
}

/// What HTTP/2 demands of a regular field.
enum StreamField {
    /// RFC 9113 §8.2.1: names in lower case and visible, values without control characters or white space at the ends;
    /// bytes of 0x80 and above only where they are allowed, as in HTTP/1.1 (RFC 9110 §5.5).
    static func check(_ name: Span<UInt8>, _ value: Span<UInt8>, allowsObsText: Bool) throws(HeadError) {
        guard !name.isEmpty, holdsOnly(name, { ByteClass.token.contains($0) && Ascii.lower($0) == $0 }) else {
            throw .init(.badHeader)
        }
        guard
            holdsOnly(
                value, { $0 == Ascii.tab || $0 >= Ascii.space && $0 != Ascii.delete && ($0 < 0x80 || allowsObsText) })
        else { throw .init(.badHeaderByte) }
        guard value.trimmed(0..<value.count) == 0..<value.count else { throw .init(.badHeader) }
    }

    @inline(__always)
    static func holdsOnly(_ bytes: Span<UInt8>, _ isMember: (UInt8) -> Bool) -> Bool {
        for index in bytes.indices where !isMember(bytes[index]) { return false }
        return true
    }
}
