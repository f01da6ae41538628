import GateHTTP
import GatePrimitives
import NIOCore

/// A response head: the result depends on the bytes alone, and what the client gets has one reading.
func fuzzResponse(_ input: [UInt8], _ selector: UInt8) {
    let method: HTTPMethod = selector & 1 == 0 ? .get : .head
    let upgrade: UpgradeKind = selector & 2 == 0 ? .none : .webSocket
    let whole = readResponse(input, method, upgrade, step: max(input.count, 1))
    let split = readResponse(input, method, upgrade, step: Int(selector >> 2) % 16 + 1)
    require(whole.text == split.text, "a split changes a response head")
    guard let response = whole.response, let request = client() else { return }
    let fields = DownstreamFields(
        scheme: .https, requestID: ByteBuffer(string: "id"), own: FieldBlock(), replaced: [], edits: .none,
        backends: BackendAuthorities(["backend:8080", "[::1]:80"]), close: false)
    var out = ByteBuffer()
    do throws(Fault) {
        let framing = try response.writeDownstreamHead(into: &out, answering: request, fields: fields)
        let head = Array(out.readableBytesView)
        guard let second = readResponse(head, method, upgrade, step: head.count).response else {
            return require(false, "a head for the client has no reading")
        }
        require(second.status == response.status, "status")
        require(second.framing == framing, "framing")
        for name in [FieldName.server, .via, .xPoweredBy, .altSvc] { require(second.first(name) == nil, "a leak") }
    } catch {
        require(error.reason == .internalError, "a vetted response cannot be written")
    }
}

/// The request of a client of HTTP/1.1.
private func client() -> VettedRequest? {
    var reader = RequestHeadReader()
    var table = HeadTable()
    var buffer = ByteBuffer(string: "GET / HTTP/1.1\r\nhost: public.example\r\n\r\n")
    guard let raw = try? reader.read(&buffer, into: &table) else { return nil }
    return try? VettedRequest.vet(raw)
}

private func readResponse(
    _ input: [UInt8], _ method: HTTPMethod, _ upgrade: UpgradeKind, step: Int
) -> (text: String, response: VettedResponse?) {
    var reader = ResponseHeadReader(
        limits: HeadLimits(requestLine: 1 << 20, fieldLine: 65535, head: 1 << 20, fields: 1000))
    var table = HeadTable()
    var result = (text: "incomplete", response: VettedResponse?.none)
    feed(input, step: step) { buffer in
        do throws(Fault) {
            guard let raw = try reader.read(&buffer, into: &table) else { return true }
            let response = try VettedResponse.vet(raw, to: method, upgrade: upgrade)
            var text = "\(response.status) \(response.framing) \(response.keepAlive)"
            for index in 0..<response.fieldCount { text += "\n\(response.fieldName(at: index))" }
            result = (text, response)
        } catch {
            result = ("\(error.step) \(error.reason)", nil)
        }
        return false
    }
    return result
}

/// A chunked body: the result depends on the bytes alone, and what is written of it reads back.
func fuzzChunks(_ input: [UInt8], _ selector: UInt8) {
    let limits = selector & 1 == 0 ? BodyLimits.standard : BodyLimits(chunkLine: 12, chunkExtensions: 20)
    let whole = decode(input, limits, step: max(input.count, 1))
    let split = decode(input, limits, step: Int(selector >> 1) % 16 + 1)
    require(whole == split, "a split changes a body")
    guard whole.isComplete else { return }
    var out = ByteBuffer()
    if !whole.content.isEmpty {
        ChunkWriter.writeChunkHead(size: whole.content.count, into: &out)
        out.writeBytes(whole.content)
        ChunkWriter.writeChunkTail(into: &out)
    }
    ChunkWriter.writeEnd(into: &out)
    let again = decode(Array(out.readableBytesView), .standard, step: out.readableBytes)
    require(again.isComplete && again.content == whole.content, "a written body reads back otherwise")
}

private struct Decoded: Equatable {
    var content: [UInt8] = []
    var trailers: [UInt8] = []
    var isComplete = false
    var reason: Reason?
}

private func decode(_ input: [UInt8], _ limits: BodyLimits, step: Int) -> Decoded {
    var decoder = BodyDecoder(BodyFraming.chunked, limits: limits)
    var decoded = Decoded()
    feed(input, step: step) { buffer in
        do throws(Fault) {
            while true {
                switch try decoder.next(&buffer) {
                case .data(let data):
                    require(data.readableBytes > 0, "an empty piece")
                    decoded.content += Array(data.readableBytesView)
                case .end:
                    decoded.isComplete = true
                    decoded.trailers = decoder.trailers.map { Array($0.bytes.readableBytesView) } ?? []
                    return false
                case .needMore:
                    return true
                }
            }
        } catch {
            decoded.reason = error.reason
            return false
        }
    }
    return decoded
}
