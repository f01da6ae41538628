import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

/// Properties that hold for every input, tried on mutations of real heads.
@Suite struct PropertyTests {
    private static let seeds = [
        "GET / HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n",
        "POST /orders/7?a=b HTTP/1.1\r\nhost: EXAMPLE.com:8443\r\nContent-Length: 5\r\nX-A:b\r\nX-B:  c \r\nConnection: close, x-a\r\n\r\n",
        "PUT http://a.example/%61/../b HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nVia: 1.1 x\r\n\r\n",
        "\r\nOPTIONS * HTTP/1.0\r\nHost: [::1]:80\r\nConnection: keep-alive\r\nX-Forwarded-For: 1.1.1.1\r\nCookie: a=b; c=d\r\n\r\n",
        "GET /a;b//c%2fd HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nX-Auth-Subject: root\r\n\r\n",
    ]

    private static let atoms = [
        "\r\n", "\n", "\r", " ", "\t", ":", ";", ",", "\u{0}", "\u{7F}", "\u{E9}", "%", "%2e", "/", "..", "?", "#",
        "chunked", "close", "HTTP/1.1",
        "Host: a\r\n", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Connection: x-a\r\n",
        "x_auth_subject: a\r\n", "0", "9", "a",
    ]

    private func mutated(_ dice: inout Dice) -> [UInt8] {
        var bytes = Array((Self.seeds.randomElement(using: &dice) ?? "").utf8)
        for _ in 0..<Int.random(in: 0...3, using: &dice) {
            let position = Int.random(in: 0...bytes.count, using: &dice)
            switch Int.random(in: 0..<4, using: &dice) {
            case 0 where position < bytes.count: bytes.remove(at: position)
            case 1 where position < bytes.count: bytes[position] = UInt8.random(in: 0...255, using: &dice)
            case 2: bytes.removeLast(min(bytes.count, Int.random(in: 0...4, using: &dice)))
            default: bytes.insert(contentsOf: Array((Self.atoms.randomElement(using: &dice) ?? "").utf8), at: position)
            }
        }
        return bytes
    }

    /// Everything that can be told about the result of reading and vetting `bytes`, given in pieces that end at `cuts`.
    private func summary(_ bytes: [UInt8], cuts: [Int], limits: HeadLimits) -> String {
        var reader = RequestHeadReader(limits: limits)
        var table = HeadTable()
        var buffer = ByteBuffer()
        var start = 0
        do throws(Fault) {
            for end in cuts + [bytes.count] {
                buffer.writeBytes(bytes[start..<end])
                start = end
                guard let raw = try reader.read(&buffer, into: &table) else { continue }
                let request = try VettedRequest.vet(raw)
                return describe(request) + " rest \(buffer.readableBytes + bytes.count - start)"
            }
            return "incomplete"
        } catch {
            return "\(error.step) \(error.reason)"
        }
    }

    private func describe(_ request: VettedRequest) -> String {
        var text =
            "\(request.methodText) \(request.authorityText) \(request.pathText) \(request.hasQuery) \(request.queryText)"
        text += " \(request.framing) \(request.keepAlive) \(request.upgrade) \(request.pathAnomalies.rawValue)"
        for index in 0..<request.fieldCount {
            text += "\n\(request.nameText(at: index))=\(request.valueText(at: index)) \(request.isRemoved(at: index))"
        }
        return text
    }

    @Test func howBytesAreSplitChangesNothing() {
        var dice = Dice(seed: 1)
        for _ in 0..<3_000 {
            let bytes = mutated(&dice)
            let limits =
                Bool.random(using: &dice)
                ? HeadLimits.standard : HeadLimits(requestLine: 30, fieldLine: 25, head: 90, fields: 3)
            let whole = summary(bytes, cuts: [], limits: limits)
            let cut = Int.random(in: 0...bytes.count, using: &dice)
            #expect(summary(bytes, cuts: [cut], limits: limits) == whole)
            #expect(summary(bytes, cuts: Array(0..<bytes.count), limits: limits) == whole)
        }
    }

    /// What is forwarded reads back as what was decided on: one reading, on both sides.
    @Test func aRebuiltHeadIsTheSameRequest() throws {
        var dice = Dice(seed: 2)
        let keep = PathPolicy(dotSegments: .keep, duplicateSlashes: .keep, encodedSlash: .keep, parameters: .keep)
        let next = ForwardingFacts(peer: "10.0.0.1", scheme: .http, peerIsTrusted: true, pseudonym: "gate-2")
        var forwarded = 0
        for _ in 0..<3_000 {
            let text = mutated(&dice)
            guard let raw = try? readHead(String(decoding: text, as: UTF8.self)),
                var first = try? VettedRequest.vet(raw)
            else {
                continue
            }
            guard (try? first.canonicalisePath(under: keep)) != nil, first.method != .connect else { continue }
            let head = try writeUpstream(first, expect: true, upgrade: true)
            var second = try #require(try vet(head))
            try second.canonicalisePath(under: keep)
            #expect(second.methodText == first.methodText)
            #expect(second.authorityText == first.authorityText)
            #expect(second.pathText == first.pathText)
            #expect(second.hasQuery == first.hasQuery)
            #expect(second.queryText == first.queryText)
            #expect(second.framing == first.framing)
            #expect(second.upgrade == (first.upgrade == .webSocket ? .webSocket : .none))
            #expect(second.text(.xForwardedFor) == "203.0.113.7")
            for index in 0..<second.fieldCount { #expect(!second.isRemoved(at: index)) }
            // A second gateway that trusts the first adds its hop and loses nothing.
            let again = try #require(try vet(try writeUpstream(second, connection: next)))
            #expect(again.text(.xForwardedFor) == "203.0.113.7, 10.0.0.1")
            #expect(again.authorityText == first.authorityText)
            forwarded += 1
        }
        #expect(forwarded > 500)
    }

    @Test func whatIsAcceptedIsWellFormed() {
        var dice = Dice(seed: 3)
        for _ in 0..<3_000 {
            let bytes = mutated(&dice)
            guard let raw = try? readHead(String(decoding: bytes, as: UTF8.self)),
                let request = try? VettedRequest.vet(raw)
            else {
                continue
            }
            #expect(!request.hostText.isEmpty)
            #expect(request.hostText == request.hostText.lowercased())
            #expect(request.targetForm == .authority || request.pathText.hasPrefix("/") || request.pathText == "*")
            #expect(!request.queryText.contains("#"))
            for index in 0..<request.fieldCount {
                #expect(!request.nameText(at: index).isEmpty)
                let value = request.valueText(at: index)
                #expect(value.utf8.allSatisfy { $0 == 9 || $0 >= 0x20 && $0 < 0x7F })
                #expect(value.first != " " && value.last != " ")
            }
        }
    }
}
