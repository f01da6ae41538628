import GateHTTP
import GatePrimitives
import NIOCore
import NIOEmbedded
import Testing

@testable import GateWire

/// One client's connection, read by read.
@Suite struct DownstreamConnectionTests {
    private let get = "GET /1 HTTP/1.1\r\nhost: a\r\n\r\n"

    @Test func answersKeepTheOrderOfPipelinedRequests() throws {
        let rig = try DownstreamRig()
        var waiting: [DownstreamConnection] = []
        rig.delegate.onRequest = { connection, _ in waiting.append(connection) }
        try rig.receive("GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\n\r\nGET /3 HTTP/1.1\r\nho")
        #expect(rig.delegate.heard == ["GET /1"])
        rig.delegate.answer(200, "one")
        #expect(rig.delegate.heard == ["GET /1", "GET /2"])
        #expect(try rig.statuses() == [200])
        try rig.receive("st: a\r\n\r\n")
        #expect(rig.delegate.heard == ["GET /1", "GET /2"])
        rig.delegate.answer(201, "two")
        rig.delegate.answer(202, "three")
        #expect(rig.delegate.heard == ["GET /1", "GET /2", "GET /3"])
        #expect(try rig.statuses() == [201, 202])
        #expect(rig.channel.isActive)
    }

    @Test func fiftyPipelinedRequestsWithABadOneInTheMiddle() throws {
        // attacks 17: exactly the earlier answers in order, one 400, close; however the bytes are split.
        let text =
            String(repeating: get, count: 25) + "GET / HTTP/1.1\r\nhost : a\r\n\r\n"
            + String(
                repeating: get, count: 24)
        for size in [1, 7, 64, 1000, text.utf8.count] {
            let rig = try DownstreamRig()
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                let chunk = ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])
                _ = try rig.channel.writeInbound(chunk)
            }
            #expect(try rig.statuses() == Array(repeating: 204, count: 25) + [400])
            #expect(rig.delegate.heard.last == "refused bad_header")
            #expect(rig.delegate.heard.count == 26)
        }
    }

    @Test func manyAnswersLeaveInFewWrites() throws {
        let rig = try DownstreamRig()
        try rig.receive(String(repeating: get, count: 20))
        var writes = 0
        while try rig.channel.readOutbound(as: ByteBuffer.self) != nil { writes += 1 }
        #expect(writes == 1)
    }

    @Test func theConnectionClosesWhereTheClientOrTheAnswerSaysSo() throws {
        let asked = try DownstreamRig()
        try asked.receive("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n" + get)
        #expect(asked.delegate.heard == ["GET /"])
        #expect(try asked.sent().contains("connection: close\r\n"))
        #expect(asked.connection.state != .idle)
        let old = try DownstreamRig()
        try old.receive("GET / HTTP/1.0\r\nhost: a\r\n\r\n" + get)
        #expect(old.delegate.heard == ["GET /"])
        let told = try DownstreamRig()
        told.delegate.onRequest = { _, _ in told.delegate.answer(200, "x", closes: true) }
        try told.receive(get + get)
        #expect(told.delegate.heard.count == 1)
        let kept = try DownstreamRig()
        try kept.receive("GET / HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n" + get)
        #expect(kept.delegate.heard.count == 2)
    }

    @Test func anAnswerWhileTheBodyIsNotReadEndsTheConnection() throws {
        // The rest of the body is never taken for a request (attacks 14).
        let rig = try DownstreamRig()
        try rig.receive("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 500\r\n\r\n" + get)
        #expect(rig.delegate.heard == ["POST /"])
        #expect(try rig.sent().contains("connection: close\r\n"))
        try? rig.receive(get)
        #expect(rig.delegate.heard == ["POST /"])
    }

    @Test func aBodyIsDeliveredOnceItIsWanted() throws {
        let rig = try DownstreamRig()
        rig.delegate.onRequest = { _, _ in }
        try rig.receive("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab")
        #expect(rig.delegate.heard == ["POST /"])
        rig.connection.acceptBody(limit: 4)
        #expect(rig.delegate.heard == ["POST /", "body ab"])
        rig.connection.pauseBody()
        try rig.receive("c")
        #expect(rig.delegate.heard.count == 2)
        rig.connection.resumeBody()
        try rig.receive("d" + get)
        #expect(rig.delegate.heard == ["POST /", "body ab", "body c", "body d", "end"])
        #expect(try rig.sent().isEmpty)
        rig.delegate.answer()
        #expect(rig.delegate.heard.last == "GET /1")
    }

    @Test(arguments: [(4, true), (5, true), (6, false)]) func theBodyHasALimit(size: Int, passes: Bool) throws {
        for isChunked in [false, true] {
            let rig = try DownstreamRig()
            rig.delegate.onRequest = { connection, _ in connection.acceptBody(limit: 5) }
            let body = String(repeating: "x", count: size)
            let framing = isChunked ? "transfer-encoding: chunked" : "content-length: \(size)"
            try rig.receive("POST / HTTP/1.1\r\nhost: a\r\n\(framing)\r\n\r\n")
            try rig.receive(isChunked ? "1\r\nx\r\n\(size - 1)\r\n\(body.dropFirst())\r\n0\r\n\r\n" : body)
            #expect(rig.delegate.heard.contains("end") == passes)
            #expect(rig.delegate.heard.contains("failed body_too_large") == !passes)
        }
    }

    @Test func aBodyThatFailedIsNotReadOn() throws {
        let rig = try DownstreamRig()
        rig.delegate.onRequest = { connection, _ in connection.acceptBody(limit: 100) }
        try rig.receive("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nz\r\n")
        #expect(rig.delegate.heard == ["POST /", "failed bad_chunk"])
        rig.connection.acceptBody(limit: 100)
        try rig.receive("1\r\nx\r\n0\r\n\r\n")
        #expect(rig.delegate.heard == ["POST /", "failed bad_chunk"])
    }

    @Test func continueIsSaidOnceAndOnlyWhereItIsWaitedFor() throws {
        let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\nexpect: 100-continue\r\n\r\n"
        let waiting = try DownstreamRig()
        waiting.delegate.onRequest = { connection, _ in connection.acceptBody(limit: 5) }
        try waiting.receive(head)
        #expect(try waiting.sent() == "HTTP/1.1 100 Continue\r\n\r\n")
        let eager = try DownstreamRig()
        eager.delegate.onRequest = { connection, _ in connection.acceptBody(limit: 5) }
        try eager.receive(head + "x")
        #expect(try eager.sent().isEmpty)
        let refused = try DownstreamRig()
        refused.delegate.onRequest = { _, _ in refused.delegate.answer(403) }
        try refused.receive(head)
        #expect(try refused.statuses() == [403])
    }

    @Test func anExchangeHearsOfItsClientsEndOnce() throws {
        let rig = try DownstreamRig()
        rig.delegate.onRequest = { _, _ in }
        try rig.receive(get)
        rig.channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
        #expect(rig.delegate.heard == ["GET /1", "closed client_aborted"])
        #expect(rig.closes == 1)
        rig.delegate.answer()
        rig.connection.acceptBody(limit: 1)
        rig.connection.resumeBody()
        rig.connection.abort()
        rig.connection.drain()
        rig.connection.cut(.draining)
        #expect(rig.delegate.heard.count == 2)
        #expect(rig.closes == 1)
        let idle = try DownstreamRig()
        idle.channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
        #expect(idle.delegate.heard.isEmpty)
        #expect(idle.closes == 1)
    }

    @Test func anAbortTellsTheExchangeNothing() throws {
        let rig = try DownstreamRig()
        rig.delegate.onRequest = { _, _ in }
        try rig.receive(get + get)
        rig.connection.abort()
        #expect(rig.delegate.heard == ["GET /1"])
        #expect(rig.closes == 1)
        #expect(!rig.channel.isActive)
    }

    // MARK: Deadlines

    @Test func deadlinesFollowTheState() throws {
        let idle = try DownstreamRig()
        #expect(idle.connection.inputDue != nil)
        idle.pass(.seconds(61))
        #expect(!idle.channel.isActive)
        #expect(idle.delegate.heard.isEmpty)

        let head = try DownstreamRig()
        try head.receive("GET")
        head.pass(.seconds(9))
        #expect(head.delegate.heard.isEmpty)
        head.pass(.seconds(11))
        #expect(head.delegate.heard == ["refused timeout_header"])

        let body = try DownstreamRig()
        body.delegate.onRequest = { connection, _ in connection.acceptBody(limit: 50) }
        try body.receive("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n")
        body.pass(.seconds(29))
        #expect(body.delegate.heard == ["POST /"])
        body.pass(.seconds(31))
        #expect(body.delegate.heard == ["POST /", "failed timeout_body"])

        let busy = try DownstreamRig()
        busy.delegate.onRequest = { _, _ in }
        try busy.receive(get)
        #expect(busy.connection.inputDue == nil)
        busy.pass(.seconds(7200))
        #expect(busy.delegate.heard == ["GET /1"])
    }

    @Test func aBodyHasATotalBeyondItsStalls() throws {
        let rig = try DownstreamRig { $0.timeouts.body = .seconds(20) }
        rig.delegate.onRequest = { connection, _ in connection.acceptBody(limit: 50) }
        try rig.receive("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx")
        rig.pass(.seconds(21))
        #expect(rig.delegate.heard.last == "failed timeout_total")
    }

    @Test func aDrainClosesIdleConnectionsSoonAndOthersAfterTheirAnswer() throws {
        let idle = try DownstreamRig()
        idle.connection.drain()
        idle.pass(.seconds(2))
        #expect(!idle.channel.isActive)
        let late = try DownstreamRig()
        late.connection.drain()
        try late.receive(get)
        #expect(try late.sent().contains("connection: close"))
        let busy = try DownstreamRig()
        busy.delegate.onRequest = { _, _ in }
        try busy.receive(get + get)
        busy.connection.drain()
        busy.delegate.answer()
        #expect(busy.delegate.heard == ["GET /1"])
        #expect(try busy.sent().contains("connection: close"))
    }

    @Test func anIdleConnectionHoldsNoBuffer() throws {
        let rig = try DownstreamRig()
        try rig.receive("GET /\(String(repeating: "x", count: 7000)) HTTP/1.1\r\nhost: a\r\n\r\n")
        #expect(rig.connection.state == .idle)
        #expect(rig.connection.inbound.storageCapacity == 0)
        #expect(rig.connection.outbound.storageCapacity <= 4096)
    }

    @Test func randomBytesNeverTrapAndAreAnsweredAtMostOnceARequest() throws {
        var random = LoopRandom(seed: 17)
        let pieces = [
            "GET / HTTP/1.1\r\nhost: a\r\n\r\n", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "\r\n", "0\r\n\r\n",
            "GET", "\0", " ", "HTTP/1.1", "x: y\r\n",
        ]
        for _ in 0..<1500 {
            let rig = try DownstreamRig()
            rig.delegate.onRequest = { connection, request in
                if request.framing.hasBody { connection.acceptBody(limit: 10) } else { rig.delegate.answer() }
            }
            for _ in 0..<random.below(8) where rig.channel.isActive {
                var bytes = Array(pieces[random.below(pieces.count)].utf8)
                if random.below(2) == 0 { bytes.removeLast(random.below(bytes.count)) }
                if !bytes.isEmpty, random.below(3) == 0 { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
                _ = try? rig.channel.writeInbound(ByteBuffer(bytes: bytes))
                if random.below(6) == 0 { rig.pass(.seconds(3700)) }
            }
            let questions = rig.delegate.heard.filter { $0.hasPrefix("refused") || $0.contains(" /") }.count
            #expect(try rig.statuses().count <= questions)
            _ = try? rig.channel.finish(acceptAlreadyClosed: true)
        }
    }
}
