public import GateHTTP
public import GatePrimitives
public import NIOCore

/// Takes what a backend sends; implemented by the exchange (and by an errand).
public protocol UpstreamDelegate: AnyObject {
    /// A connection is ready and leased; the request may be written.
    func upstreamLeased(_ lease: consuming Lease)
    /// No connection can be had.
    func upstreamUnavailable(_ fault: Fault)
    /// A 1xx answer other than 101.
    func upstreamInformational(_ response: borrowing VettedResponse)
    /// The final head, vetted.
    func upstreamHead(_ response: consuming VettedResponse)
    /// The next bytes of the body, without framing.
    func upstreamBody(_ chunk: ByteBuffer)
    /// The response is complete, with the trailers that may be passed on; nil where it had none.
    func upstreamEnd(_ trailers: FieldBlock?)
    /// All that one read brought was delivered: the time to flush.
    func upstreamReadComplete()
    /// What was written has drained below the low mark.
    func upstreamWritable()
    /// The connection failed, timed out or lied; nothing more of the response will come.
    func upstreamFailed(_ fault: Fault)
}
