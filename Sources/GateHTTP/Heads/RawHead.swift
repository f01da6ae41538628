import NIOCore

/// A request head as it was read: well-formed lines, nothing judged.
///
/// Only this module reads it; `VettedRequest.vet(_:)` turns it into what the rest of the gateway may use.
public struct RawHead {
    /// The bytes of the head, the empty line included; offsets count from its first readable byte.
    var bytes: ByteBuffer
    /// Where the field lines stand.
    let table: HeadTable
    /// The method.
    var method: Range<Int>
    /// The request target.
    var target: Range<Int>
    /// The version.
    var version: HTTPVersion
    /// The scheme that HTTP/2 sends beside the target.
    var scheme: Scheme?
    /// HTTP/2: the stream asks to become a WebSocket (RFC 8441).
    var asksForWebSocket = false
    /// HTTP/2: the stream ended with the head, and no body follows.
    var endsWithoutBody = false
}

/// A response head as it was read: well-formed lines, nothing judged.
public struct RawResponseHead {
    /// The bytes of the head, the empty line included; offsets count from its first readable byte.
    var bytes: ByteBuffer
    /// Where the field lines stand.
    let table: HeadTable
    /// The status code, 100 to 999.
    var status: Int
    /// The version.
    var version: HTTPVersion
    /// HTTP/2: the stream ended with the head, and no body follows.
    var endsWithoutBody = false
}
