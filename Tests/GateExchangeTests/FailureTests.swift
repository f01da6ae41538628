import GateAdmission
import GatePrimitives
import GateTestKit
import GateWire
import Glibc
import NIOCore
import Testing

@testable import GateExchange

/// What a backend can do wrong, and when a request may be sent again (attacks 16, 67).
@Suite(.serialized) struct FailureTests {
    let backend: ServerSocket
    let rig: Rig

    init() throws {
        backend = try ServerSocket()
        var upstream = TestPlan.upstream(backend.port)
        upstream.timeouts.read = .milliseconds(400)
        upstream.maximumConnections = 3
        rig = try Rig(TestPlan(upstreams: [upstream]))
    }

    private func ask(_ request: String = "GET / HTTP/1.1\r\nhost: a\r\n\r\n") throws -> (client: Socket, peer: Socket) {
        let client = try rig.connect()
        try client.send(request)
        let peer = try backend.accept()
        _ = try peer.readHead()
        return (client, peer)
    }

    @Test func anAnswerThatBreaksOffInItsHeadIsA502() throws {
        defer { try? rig.stop() }
        // More often than the pool has places: a failed connection gives its place back.
        for ends in [{ (peer: Socket) in peer.close() }, { $0.reset() }, { $0.reset() }, { $0.close() }] {
            let (client, peer) = try ask()
            try peer.send("HTTP/1.1 200 OK\r\ncontent-le")
            ends(peer)
            let answer = try client.readAnswer()
            #expect(status(answer.head) == 502)
            #expect(try rig.decision(answer.head).contains("\"reason\":\"upstream_reset\""))
        }
        #expect(try rig.outcomes() == 4)
        #expect(try rig.isAtRest())
    }

    @Test(arguments: ["content-length: 100", "transfer-encoding: chunked"])
    func anAnswerThatBreaksOffInItsBodyNeverEndsCleanly(framing: String) throws {
        defer { try? rig.stop() }
        for ends in [{ (peer: Socket) in peer.close() }, { $0.reset() }] {
            let (client, peer) = try ask()
            try peer.send("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n4\r\nhalf\r\n")
            #expect(status(try client.readHead()) == 200)
            _ = try client.read(until: "half\r\n")
            ends(peer)
            let end = client.readToEnd()
            #expect(end.end == .reset)
            #expect(!end.text.contains("0\r\n"))
        }
        #expect(try rig.isAtRest())
        #expect(try rig.metric("portcullis_streams_ended_total{reason=\"upstream_reset\"}") == 2)
    }

    @Test func aResetIsNoCleanEndOfAnAnswerWithoutLength() throws {
        defer { try? rig.stop() }
        for version in ["1.0", "1.1"] {
            let (client, peer) = try ask("GET / HTTP/\(version)\r\nhost: a\r\n\r\n")
            try peer.send("HTTP/1.1 200 OK\r\n\r\nhalf")
            _ = try client.readHead()
            _ = try client.read(until: "half")
            peer.reset()
            #expect(client.readToEnd().end == .reset)
        }
    }

    @Test(
        arguments: [
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
            "HTTP/2.0 200 OK\r\n\r\n", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        ]) func aResponseThatCannotBeReadOneWayIsA502(response: String) throws
    {
        defer { try? rig.stop() }
        let (client, peer) = try ask()
        try peer.send(response)
        let answer = try client.readAnswer()
        #expect(status(answer.head) == 502)
        #expect(answer.body.contains("\"code\":\"upstream_invalid_response\""))
        #expect(peer.readToEnd().end != .open)
        #expect(try rig.isAtRest(connections: 1))
    }

    @Test func whatFollowsAnAnswerIsNobodysAnswer() throws {
        defer { try? rig.stop() }
        let (client, peer) = try ask()
        try peer.send(
            "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison")
        #expect(status(try client.readHead()) == 204)
        #expect(peer.readToEnd().end != .open)
        try client.send("GET /next HTTP/1.1\r\nhost: a\r\n\r\n")
        let next = try backend.accept()
        _ = try next.readHead()
        try next.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood")
        #expect(try client.readAnswer().body == "good")
    }

    @Test func aBackendThatSpeaksUnaskedLosesItsConnection() throws {
        defer { try? rig.stop() }
        let (client, peer) = try ask()
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        _ = try client.readHead()
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison")
        #expect(peer.readToEnd().end != .open)
    }

    @Test func silenceIsA504AndASlowClientIsNot() throws {
        defer { try? rig.stop() }
        let (client, peer) = try ask()
        #expect(status(try client.readAnswer().head) == 504)
        #expect(peer.readToEnd().end != .open)
        // A client that takes longer over its body than the backend may over its answer.
        let slow = try rig.connect()
        try slow.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n1")
        let other = try backend.accept()
        _ = try other.readHead()
        usleep(700_000)
        try slow.send("2")
        #expect(try other.read(count: 2) == "12")
        try other.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        #expect(status(try slow.readHead()) == 200)
    }

    @Test func aBackendThatTakesNothingIsA504() throws {
        var plan = TestPlan(upstreams: [TestPlan.upstream(backend.port)])
        plan.upstreams[0].timeouts.read = .milliseconds(400)
        plan.routes[0].admission.bodyLimit = 1 << 30
        let rig = try Rig(plan)
        defer { try? rig.stop() }
        try? self.rig.stop()
        let client = try rig.connect()
        try client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000\r\n\r\n")
        let peer = try backend.accept()
        _ = client.sendSome([UInt8](repeating: 0x61, count: 50_000_000), within: 0.3)
        #expect(status(try client.readAnswer().head) == 504)
        #expect(try rig.isAtRest() || rig.isAtRest(connections: 1))
        _ = peer
    }

    @Test func whereNobodyListensIsA502AndTheNextEndpointIsTried() throws {
        let closed = try ServerSocket()
        let port = closed.port
        closed.close()
        var plan = TestPlan(upstreams: [TestPlan.upstream(port)])
        let alone = try Rig(plan)
        defer { try? alone.stop() }
        try? rig.stop()
        let client = try alone.connect()
        try client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        let answer = try client.readAnswer()
        #expect(status(answer.head) == 502)
        #expect(try alone.decision(answer.head).contains("\"reason\":\"upstream_connect_failed\""))
        plan.upstreams = [TestPlan.upstream(port, backend.port)]
        let both = try Rig(plan)
        defer { try? both.stop() }
        for _ in 0..<3 {
            let other = try both.connect()
            try other.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            let peer = try backend.accept()
            _ = try peer.readHead()
            try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            #expect(status(try other.readHead()) == 200)
        }
        #expect(try both.isAtRest())
    }
}

/// A pooled connection that the backend closed in the moment it was used (RFC 9112 §9.3.1).
@Suite(.serialized) struct RetryTests {
    let backend: ServerSocket
    let rig: Rig

    init() throws {
        backend = try ServerSocket()
        rig = try Rig(TestPlan(upstreams: [TestPlan.upstream(backend.port)]))
    }

    /// A client, and a connection of the backend that has served it once.
    private func warm() throws -> (client: Socket, peer: Socket) {
        let client = try rig.connect()
        try client.send("GET /warm HTTP/1.1\r\nhost: a\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        _ = try client.readHead()
        return (client, peer)
    }

    @Test func anIdempotentRequestIsSentOnceMoreAndNoThirdTime() throws {
        defer { try? rig.stop() }
        for ends in [{ (peer: Socket) in peer.close() }, { $0.reset() }] {
            let (client, stale) = try warm()
            try client.send("GET /again HTTP/1.1\r\nhost: a\r\n\r\n")
            _ = try stale.readHead()
            ends(stale)
            let second = try backend.accept()
            #expect(try second.readHead().hasPrefix("GET /again "))
            try second.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            #expect(try client.readAnswer().body == "ok")
            second.close()
        }
        let (client, stale) = try warm()
        try client.send("GET /never HTTP/1.1\r\nhost: a\r\n\r\n")
        _ = try stale.readHead()
        stale.reset()
        let second = try backend.accept()
        _ = try second.readHead()
        second.reset()
        #expect(status(try client.readAnswer().head) == 502)
        #expect(backend.isSilent(for: 0.1))
        #expect(try rig.outcomes() == 6)
        #expect(try rig.isAtRest(connections: 1) || rig.isAtRest())
    }

    @Test func aWriteThatFailsAtOnceIsTriedAgain() throws {
        defer { try? rig.stop() }
        for _ in 0..<5 {
            let (client, stale) = try warm()
            // While the loop is busy, the request arrives first and the reset after it: the write finds the socket dead.
            rig.loop.execute { usleep(100_000) }
            usleep(20_000)
            try client.send("GET /again HTTP/1.1\r\nhost: a\r\n\r\n")
            stale.reset()
            let second = try backend.accept()
            #expect(try second.readHead().hasPrefix("GET /again "))
            try second.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
            #expect(try client.readAnswer().body == "ok")
        }
        #expect(try rig.isAtRest() || rig.isAtRest(connections: 5))
    }

    @Test func aRequestThatIsNotIdempotentIsSeenOnce() throws {
        defer { try? rig.stop() }
        let (client, stale) = try warm()
        try client.send("POST /once HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n")
        _ = try stale.readHead()
        stale.reset()
        #expect(status(try client.readAnswer().head) == 502)
        #expect(backend.isSilent(for: 0.1))
    }

    @Test func aRequestThatWasPartlyAnsweredIsNotRepeated() throws {
        defer { try? rig.stop() }
        let (client, stale) = try warm()
        try client.send("GET /partly HTTP/1.1\r\nhost: a\r\n\r\n")
        _ = try stale.readHead()
        try stale.send("HTTP/1.1 2")
        usleep(50_000)
        stale.reset()
        #expect(status(try client.readAnswer().head) == 502)
        #expect(backend.isSilent(for: 0.1))
    }

    @Test func aFreshConnectionIsNotStale() throws {
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("GET /first HTTP/1.1\r\nhost: a\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        peer.reset()
        #expect(status(try client.readAnswer().head) == 502)
        #expect(backend.isSilent(for: 0.1))
    }

    @Test func aBodyThatWasTakenIsNotRepeatedAndOneThatWasNotIsWhole() throws {
        defer { try? rig.stop() }
        let (client, stale) = try warm()
        try client.send("PUT /taken HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab")
        _ = try stale.readHead()
        _ = try stale.read(count: 2)
        stale.reset()
        #expect(status(try client.readAnswer().head) == 502)
        #expect(backend.isSilent(for: 0.1))

        let (other, second) = try warm()
        try other.send("PUT /kept HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n")
        _ = try second.readHead()
        // The reset and then the body, in one turn of the loop: the body comes while another connection is being opened.
        usleep(250_000)
        rig.loop.execute { usleep(100_000) }
        usleep(20_000)
        second.reset()
        try other.send("abcd")
        let third = try backend.accept()
        #expect(header("content-length", in: try third.readHead()) == "4")
        #expect(try third.read(count: 4) == "abcd")
        try third.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        #expect(status(try other.readHead()) == 200)
    }
}
