public import GateHTTP
public import GatePrimitives
public import GateUpstreams
public import NIOCore

/// What an exchange may do towards its backend; implemented by the connection (HTTP/1.1) or stream (HTTP/2).
public protocol UpstreamStream: AnyObject {
    /// The endpoint it leads to, by index.
    var endpoint: Int { get }
    /// What is spoken on it.
    var version: HTTPVersion { get }
    /// Whether its connection carried an exchange before: then a failure without an answer may be a stale connection.
    var isReused: Bool { get }
    /// Whether the backend vouches that it did nothing of the request, which failed (RFC 9113 §8.7).
    var isUnprocessed: Bool { get }
    /// Bytes of the request that were written.
    var bytesSent: UInt64 { get }
    /// Whether any byte of the answer arrived.
    var hasAnswered: Bool { get }
    /// Whether the peer keeps up; false pauses the client.
    var isWritable: Bool { get }
    /// Writes the head that the backend gets, built anew; throws where it cannot be written, and then nothing was.
    func writeHead(
        _ request: borrowing VettedRequest, rewrite: borrowing UpstreamRewrite, connection: borrowing ForwardingFacts,
        fields: borrowing UpstreamFields
    ) throws(Fault)
    /// Writes the head of a request of the gateway's own, which has no body.
    func writeHead(_ errand: borrowing ErrandHead)
    /// Writes body bytes, in the framing that the head declared.
    func writeBody(_ chunk: ByteBuffer)
    /// Ends the request, whether it had a body or not: from now on the backend's silence is measured. Trailers are left
    /// out where the framing has no place for them.
    func writeEnd(_ trailers: FieldBlock?)
    /// The answer may be silent for as long as it likes: the kernel watches whether the backend is still there.
    func allowSilence()
    /// Ends our side of the tunnel that a 101 opened; the backend's may go on.
    func endTunnel()
    /// Sends what was written.
    func flush()
    /// Stops reading the answer: the client is slower than the backend.
    func pause()
    /// Reads on.
    func resume()
    /// Goes back to its pool; called by the lease alone, once.
    func release(_ end: LeaseEnd)
}
