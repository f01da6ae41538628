import GateHTTP
import GatePrimitives
import NIOCore

/// A request head: the result depends on the bytes alone, and what is forwarded reads back as what was decided on.
func fuzzRequest(_ input: [UInt8], _ selector: UInt8) {
    let limits =
        selector & 1 == 0 ? HeadLimits.standard : HeadLimits(requestLine: 40, fieldLine: 30, head: 160, fields: 5)
    let whole = readRequest(input, limits, step: max(input.count, 1))
    let split = readRequest(input, limits, step: Int(selector >> 1) % 16 + 1)
    require(whole.text == split.text, "a split changes a request head")
    guard var request = whole.request else { return }
    require(!request.hostText.isEmpty, "a request without host")
    guard request.method != .connect, (try? request.canonicalisePath(under: .lenient)) != nil else { return }

    guard let head = forward(request, peerIsTrusted: selector & 2 == 0, "fuzz-1") else { return }
    let again = readRequest(
        Array(head.readableBytesView), .init(requestLine: 1 << 20, fieldLine: 65535, head: 1 << 20, fields: 65535),
        step: head.readableBytes)
    guard var second = again.request, (try? second.canonicalisePath(under: .lenient)) != nil else {
        return require(false, "a forwarded head is refused")
    }
    require(second.methodText == request.methodText, "method")
    require(second.authorityText == request.authorityText, "authority")
    require(second.pathText == request.pathText, "path")
    require(second.hasQuery == request.hasQuery && second.queryText == request.queryText, "query")
    require(second.framing == request.framing, "framing")
    require(
        second.first(.transferEncoding).map { second.next(.transferEncoding, after: $0) == nil } ?? true, "one coding")
    require(second.text(.xAuthSubject) == nil, "identity")
    for index in 0..<second.fieldCount { require(!second.isRemoved(at: index), "what was removed is forwarded") }
    require(forward(second, peerIsTrusted: false, "fuzz-1") == nil, "a loop is not seen")
}

/// What came of a request head, and the request.
private func readRequest(_ input: [UInt8], _ limits: HeadLimits, step: Int) -> (text: String, request: VettedRequest?) {
    var reader = RequestHeadReader(limits: limits)
    var table = HeadTable()
    var result = (text: "incomplete", request: VettedRequest?.none)
    feed(input, step: step) { buffer in
        do throws(Fault) {
            guard let raw = try reader.read(&buffer, into: &table) else { return true }
            let request = try VettedRequest.vet(raw)
            result = (describe(request), request)
        } catch {
            result = ("\(error.step) \(error.reason)", nil)
        }
        return false
    }
    return result
}

private func describe(_ request: VettedRequest) -> String {
    var text =
        "\(request.methodText) \(request.authorityText) \(request.pathText)?\(request.queryText) \(request.hasQuery)"
    text +=
        " \(request.framing) \(request.keepAlive) \(request.upgrade) \(request.expectsContinue) \(request.pathAnomalies.rawValue)"
    for index in 0..<request.fieldCount {
        text += "\n\(request.nameText(at: index))=\(request.valueText(at: index)) \(request.isRemoved(at: index))"
    }
    return text
}

/// The head that a backend gets, or nil for a loop.
private func forward(_ request: VettedRequest, peerIsTrusted: Bool, _ pseudonym: String) -> ByteBuffer? {
    let facts = ForwardingFacts(peer: "192.0.2.1", scheme: .https, peerIsTrusted: peerIsTrusted, pseudonym: pseudonym)
    let fields = UpstreamFields(
        requestID: ByteBuffer(string: "id"), identity: FieldBlock(),
        removal: CredentialRemoval(fields: [.authorization], cookies: ["a"]), framing: request.framing,
        forwardExpect: true,
        forwardUpgrade: true)
    var out = ByteBuffer()
    do throws(Fault) {
        try request.writeUpstreamHead(into: &out, rewrite: UpstreamRewrite(), connection: facts, fields: fields)
        return out
    } catch {
        require(error.reason == .loop, "a vetted request cannot be forwarded")
        return nil
    }
}

/// A path under a policy: canonicalising twice changes nothing, and as a target it is vetted to the same path.
func fuzzPath(_ input: [UInt8], _ selector: UInt8) {
    let policy = PathPolicy(selector: selector)
    guard let once = try? PathCanonicaliser.canonicalise(input.span, under: policy) else { return }
    guard let twice = try? PathCanonicaliser.canonicalise(once.readableBytesUInt8Span, under: policy) else {
        return require(false, "a canonical path is refused")
    }
    require(once == twice, "canonicalising twice changes a path")
    var depth = 0
    for segment in once.readableBytesView.split(separator: UInt8(ascii: "/")) {
        if Array(segment) == [0x2E, 0x2E] { depth -= 1 } else if Array(segment) != [0x2E] { depth += 1 }
        require(depth >= 0, "a canonical path leads above the root")
    }
    guard once.readableBytes < 8000 else { return }
    let head = Array("GET ".utf8) + Array(once.readableBytesView) + Array(" HTTP/1.1\r\nhost: a\r\n\r\n".utf8)
    guard var request = readRequest(head, .standard, step: head.count).request,
        (try? request.canonicalisePath(under: policy)) != nil
    else { return require(false, "a canonical path is no target") }
    require(request.pathText == String(buffer: once), "a target's path differs from the canonical one")
}
