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
        rig = try Rig(TestPlan(upstreams: [TestPlan.upstream(backend.port)]))
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
}
