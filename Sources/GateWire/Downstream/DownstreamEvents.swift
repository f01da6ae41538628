public import GateHTTP
public import GatePrimitives
public import NIOCore

// The event vocabulary of an exchange, the same for every protocol: head, body chunk, end (with trailers),
// informational, reset with reason; in both directions.

/// Takes what a client sends; implemented by the exchange, one per stream at a time.
public protocol DownstreamDelegate: AnyObject {
    /// A vetted request; its body is delivered once `DownstreamStream.acceptBody()` was called.
    func downstreamRequest(_ request: consuming VettedRequest)
    /// What arrived is no request; `raw` is what could be read of its head, for the log alone.
    func downstreamRefused(_ fault: Fault, raw: RawHead?)
    /// The next bytes of the body, without framing.
    func downstreamBody(_ chunk: ByteBuffer)
    /// The body is complete, with the trailers that may be passed on; nil where it had none.
    func downstreamBodyEnd(_ trailers: FieldBlock?)
    /// The body's framing is broken, it stalled, or it passed its limit; nothing more of it will come.
    func downstreamBodyFailed(_ fault: Fault)
    /// What was written has drained below the low mark.
    func downstreamWritable()
    /// The client is gone, or the connection was cut for `reason`; nothing can be written any more.
    func downstreamClosed(_ reason: Reason)
}

/// What an exchange may do towards its client; implemented by the connection (HTTP/1.1) or stream (HTTP/2).
public protocol DownstreamStream: AnyObject {
    /// The connection that carries the stream.
    var facts: AcceptedConnection { get }
    /// Whether the peer keeps up; false pauses the upstream.
    var isWritable: Bool { get }
    /// Bytes written to the client for this exchange, heads included.
    var bytesOut: UInt64 { get }
    /// Bytes read from the client for this exchange, heads included.
    var bytesIn: UInt64 { get }
    /// Begins to deliver the body, of at most `limit` bytes; answers `100 Continue` where the client waits for one.
    func acceptBody(limit: UInt64)
    /// Stops reading the body until `resumeBody()`: the upstream is slower than the client.
    func pauseBody()
    /// Reads on.
    func resumeBody()
    /// After a 101 was written: from now on all bytes of the client are delivered as they come, its end as the body's, and
    /// what is written goes out as it is.
    func acceptTunnel()
    /// The answer may be silent for as long as it likes: the kernel watches whether the client is still there.
    func allowSilence()
    /// Forwards a 1xx answer.
    func writeInformational(
        _ response: borrowing VettedResponse, answering request: borrowing VettedRequest,
        _ fields: inout DownstreamFields)
    /// Writes the upstream's vetted head, edited; throws where it cannot be written, and then nothing was.
    func writeHead(
        _ response: borrowing VettedResponse, answering request: borrowing VettedRequest,
        _ fields: inout DownstreamFields
    ) throws(Fault)
    /// Writes a whole answer of the gateway's own.
    func writeAnswer(_ answer: borrowing LocalAnswer, to method: HTTPMethod)
    /// Writes body bytes.
    func writeBody(_ chunk: ByteBuffer)
    /// Ends the response cleanly. Trailers are left out where the client did not ask for them or the framing has no
    /// place for them.
    func writeEnd(_ trailers: FieldBlock?)
    /// Sends what is left; the next request may begin, or the connection closes. The last call of an exchange.
    func endExchange()
    /// Sends what was written; called once per turn of work.
    func flush()
    /// Cuts the stream so that the client cannot take what it got for the whole.
    func abort()
}

/// An answer that the gateway makes itself: refusals, redirects, preflights.
public struct LocalAnswer {
    /// The status code.
    public var status: Int
    /// Whole field lines, each ended by CRLF, without framing, date and connection.
    public var fields: ByteBuffer
    /// The body; left out for HEAD.
    public var body: ByteBuffer
    /// Whether the connection must end after it.
    public var closes: Bool

    /// An answer of `status`.
    public init(status: Int, fields: ByteBuffer, body: ByteBuffer, closes: Bool) {
        self.status = status
        self.fields = fields
        self.body = body
        self.closes = closes
    }
}
