import GateAdmission
import GatePrimitives
import GateTestKit
import Testing

@testable import GateExchange

/// Requests through a whole loop, with a backend that a test plays byte by byte.
@Suite(.serialized) struct RelayTests {
    let backend: ServerSocket
    let rig: Rig

    init() throws {
        backend = try ServerSocket()
        var plan = TestPlan(upstreams: [TestPlan.upstream(backend.port)])
        plan.routes[0].admission.bodyLimit = 1 << 30
        rig = try Rig(plan)
    }

    @Test func aRequestGoesThroughAndTheConnectionsServeAnother() throws {
        defer { try? rig.stop() }
        let client = try rig.connect()
        var peer: Socket?
        for turn in 0..<3 {
            try client.send("GET /a?x=\(turn) HTTP/1.1\r\nhost: example.com\r\n\r\n")
            if peer == nil { peer = try backend.accept() }
            let head = try #require(try peer?.readHead())
            #expect(head.hasPrefix("GET /a?x=\(turn) HTTP/1.1\r\nhost: example.com\r\n"))
            #expect(header("x-forwarded-for", in: head) == "127.0.0.1")
            try peer?.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nserver: secret\r\n\r\nhello")
            let answer = try client.readAnswer()
            #expect(status(answer.head) == 200)
            #expect(answer.body == "hello")
            #expect(header("server", in: answer.head) == nil)
        }
        #expect(backend.isSilent(for: 0.05))
        #expect(try rig.outcomes() == 3)
        #expect(try rig.isAtRest(connections: 1))
    }

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() throws {
        defer { try? rig.stop() }
        let client = try rig.connect()
        // The second is refused by the gateway at once, and still answered after the first (attacks 17).
        try client.send(
            "GET /1 HTTP/1.1\r\nhost: a\r\n\r\n" + "GET /2 HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n"
                + "connection: upgrade\r\n\r\n" + "GET /3 HTTP/1.1\r\nhost: a\r\n\r\n" + "BAD\r\n\r\n")
        let peer = try backend.accept()
        #expect(try peer.readHead().hasPrefix("GET /1 "))
        #expect(client.isSilent(for: 0.05))
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1")
        #expect(try client.readAnswer().body == "1")
        #expect(status(try client.readAnswer().head) == 501)
        #expect(try peer.readHead().hasPrefix("GET /3 "))
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n3")
        #expect(try client.readAnswer().body == "3")
        #expect(status(try client.readAnswer().head) == 400)
        #expect(client.readToEnd().end == .closed)
        #expect(try rig.outcomes() == 4)
        #expect(try rig.isAtRest())
    }

    @Test func bodiesPassInBothDirectionsAndInBothFramings() throws {
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("POST /up HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        let peer = try backend.accept()
        let head = try peer.readHead()
        #expect(header("transfer-encoding", in: head) == "chunked")
        #expect(try peer.read(until: "abc\r\n").hasSuffix("3\r\nabc\r\n"))
        try client.send("2;x=y\r\nde\r\n0\r\nX-Trailer:  passes \r\n\r\n")
        #expect(try peer.read(until: "0\r\nx-trailer: passes\r\n\r\n").hasPrefix("2\r\nde\r\n0\r\n"))
        try peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n")
        #expect(header("transfer-encoding", in: try client.readHead()) == "chunked")
        #expect(try client.read(until: "ok\r\n") == "2\r\nok\r\n")
        try peer.send("0\r\n\r\n")
        #expect(try client.read(until: "0\r\n\r\n") == "0\r\n\r\n")

        try client.send("PUT /up HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nfour")
        #expect(header("content-length", in: try peer.readHead()) == "4")
        #expect(try peer.read(count: 4) == "four")
        try peer.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(status(try client.readHead()) == 204)
        try client.send("HEAD /h HTTP/1.1\r\nhost: a\r\n\r\n")
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")
        #expect(header("content-length", in: try client.readHead()) == "99")
        #expect(try rig.isAtRest(connections: 1))
    }

    @Test func anAnswerWithoutLengthEndsWithTheConnection() throws {
        defer { try? rig.stop() }
        for version in ["1.0", "1.1"] {
            let client = try rig.connect()
            try client.send("GET / HTTP/\(version)\r\nhost: a\r\nconnection: keep-alive\r\n\r\n")
            let peer = try backend.accept()
            _ = try peer.readHead()
            try peer.send("HTTP/1.1 200 OK\r\n\r\nall of it")
            peer.close()
            let head = try client.readHead()
            if version == "1.0" {
                #expect(header("connection", in: head) == "close")
                #expect(client.readToEnd().text == "all of it")
            } else {
                #expect(try client.read(until: "0\r\n\r\n") == "9\r\nall of it\r\n0\r\n\r\n")
            }
        }
    }

    @Test func interimAnswersPassButNotToHTTP10AndNotWithoutEnd() throws {
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        #expect(status(try client.readHead()) == 103)
        #expect(status(try client.readHead()) == 200)
        let old = try rig.connect()
        try old.send("GET / HTTP/1.0\r\nhost: a\r\n\r\n")
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        #expect(status(try old.readHead()) == 200)
        try client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        _ = try peer.readHead()
        try peer.send(String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 129))
        var last = 102
        while last == 102 { last = status(try client.readHead()) }
        #expect(last == 502)
        #expect(try rig.isAtRest(connections: 1))
    }

    @Test func anAnswerBeforeTheBodyEndsTheConnectionsAndHidesNoRequest() throws {
        // attacks 13, 14.
        defer { try? rig.stop() }
        let client = try rig.connect()
        let hidden = "GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n"
        try client.send("POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n0123456789")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
        #expect(try client.readAnswer().body == "no")
        try? client.send(hidden + hidden)
        #expect(client.readToEnd().text.isEmpty)
        #expect(peer.readToEnd().end != .open)
        #expect(backend.isSilent(for: 0.05))
        #expect(try rig.outcomes() == 1)
        #expect(try rig.isAtRest())
    }

    @Test func aBodyThatWaitsForContinueIsAskedFor() throws {
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n")
        let peer = try backend.accept()
        #expect(header("expect", in: try peer.readHead()) == nil)
        #expect(status(try client.readHead()) == 100)
        try client.send("hi")
        #expect(try peer.read(count: 2) == "hi")
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        #expect(status(try client.readHead()) == 200)
    }

    @Test func aClientThatLeavesEndsTheRequestToTheBackend() throws {
        defer { try? rig.stop() }
        for ends in [{ (client: Socket) in client.close() }, { $0.reset() }] {
            let client = try rig.connect()
            try client.send("GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")
            let peer = try backend.accept()
            _ = try peer.readHead()
            ends(client)
            #expect(peer.readToEnd().end != .open)
        }
        #expect(try rig.isAtRest())
        #expect(try rig.outcomes() == 2)
    }

    @Test func aBackendThatRefusesABodyAndHangsUpIsHeard() throws {
        // attacks 13: what it said stands before its reset, also where our next write is what finds the reset.
        defer { try? rig.stop() }
        for turn in 0..<10 {
            let client = try rig.connect()
            try client.send("POST /big HTTP/1.1\r\nhost: a\r\ncontent-length: 10000000\r\n\r\n")
            let peer = try backend.accept()
            _ = try peer.readHead()
            _ = client.sendSome([UInt8](repeating: 0x61, count: 100_000), within: 0.1)
            try peer.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig")
            if turn % 2 == 0 { peer.reset() } else { peer.close() }
            _ = client.sendSome([UInt8](repeating: 0x61, count: 100_000), within: 0.1)
            let answer = try client.readAnswer()
            #expect(status(answer.head) == 413)
            #expect(answer.body == "big")
        }
        #expect(try rig.isAtRest())
    }
}
