import GatePrimitives
import NIOCore

@testable import GateHTTP

/// Facts of a stranger's connection.
let stranger = ForwardingFacts(peer: "203.0.113.7", scheme: .https, peerIsTrusted: false, pseudonym: "gate-1")
/// Facts of a configured hop's connection.
let hop = ForwardingFacts(peer: "10.0.0.9", scheme: .http, peerIsTrusted: true, pseudonym: "gate-1")

/// Writes the upstream head of `request`.
func writeUpstream(
    _ request: VettedRequest, rewrite: UpstreamRewrite = UpstreamRewrite(), connection: ForwardingFacts = stranger,
    identity: FieldBlock = FieldBlock(), removal: CredentialRemoval = .none, expect: Bool = false, upgrade: Bool = false
) throws(Fault) -> String {
    var out = ByteBuffer()
    let fields = UpstreamFields(
        requestID: ByteBuffer(string: "id-1"), identity: identity, removal: removal, framing: request.framing,
        forwardExpect: expect, forwardUpgrade: upgrade)
    try request.writeUpstreamHead(into: &out, rewrite: rewrite, connection: connection, fields: fields)
    return String(buffer: out)
}

/// The upstream head of `request` for a stranger, or nil where it is refused.
func upstreamHead(_ request: VettedRequest) -> String? {
    try? writeUpstream(request)
}
