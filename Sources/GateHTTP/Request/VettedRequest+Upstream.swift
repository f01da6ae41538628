public import GatePrimitives
public import NIOCore

extension VettedRequest {
  /// Writes the head that the backend gets, built anew, behind what `out` holds.
  ///
  /// Faults: `loop_detected` where `via` names our own pseudonym, `internal_error` where the path was not made
  /// canonical or does not begin with the matched prefix.
  public func writeUpstreamHead(
    into out: inout ByteBuffer, rewrite: borrowing UpstreamRewrite,
    connection: borrowing ForwardingFacts,
    fields: borrowing UpstreamFields
  ) throws(Fault) {
    throw Fault(.dispatch, .internalError)
  }
}
