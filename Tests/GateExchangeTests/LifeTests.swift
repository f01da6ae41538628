import GateAdmission
import GateHTTP
import GatePlan
import GatePrimitives
import GateTestKit
import GateWire
import Glibc
import NIOCore
import Testing

@testable import GateExchange

/// Connections from their first to their last moment: who may connect, how many, for how long, and what counts them.
@Suite(.serialized) struct LifeTests {
    let backend: ServerSocket

    init() throws { backend = try ServerSocket() }

    private func rig(_ change: (inout TestPlan) throws -> Void = { _ in }) throws -> Rig {
        var plan = TestPlan(upstreams: [TestPlan.upstream(backend.port)])
        try change(&plan)
        return try Rig(plan)
    }

    private let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    private func serve(_ peer: Socket, connection: String = "keep-alive") throws {
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: \(connection)\r\n\r\nok")
    }

    @Test func connectionsBeyondTheCeilingAreResetAndTheOthersLiveOn() throws {
        // attacks 65.
        let rig = try rig { $0.maximumConnections = 2 }
        defer { try? rig.stop() }
        let first = try rig.connect()
        let second = try rig.connect()
        #expect(try rig.eventually { try rig.onLoop { $0.exchange.wire.openConnections } == 2 })
        let third = try rig.connect()
        #expect(third.readToEnd().end == .reset)
        try first.send(get)
        let peer = try backend.accept()
        try serve(peer)
        #expect(try first.readAnswer().body == "ok")
        second.close()
        #expect(try rig.eventually { try rig.onLoop { $0.exchange.wire.openConnections } == 1 })
        let fourth = try rig.connect()
        try fourth.send(get)
        try serve(peer)
        #expect(try fourth.readAnswer().body == "ok")
        #expect(try rig.metric("portcullis_refusals_total{step=\"accept\",code=\"overloaded\"}") == 1)
    }

    @Test func aPeerThatIsDeniedIsResetAndCountedNowhereElse() throws {
        let rig = try rig { $0.deny = AddressSet([try CIDR("127.0.0.0/8")]) }
        defer { try? rig.stop() }
        let client = try rig.connect()
        #expect(client.readToEnd().end == .reset)
        #expect(try rig.isAtRest())
        #expect(try rig.outcomes() == 0)
    }

    @Test func theGaugesOfConnectionsFollowTheirStates() throws {
        let rig = try rig()
        defer { try? rig.stop() }
        func gauge(_ state: String) throws -> Double {
            try rig.metric("portcullis_connections{listener=\"public\",state=\"\(state)\"}")
        }
        let client = try rig.connect()
        #expect(try rig.eventually { try gauge("idle") == 1 })
        try client.send(get)
        let peer = try backend.accept()
        _ = try peer.readHead()
        #expect(try rig.eventually { try gauge("active") == 1 && gauge("idle") == 0 })
        #expect(try rig.metric("portcullis_requests_in_flight") == 1)
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        _ = try client.readHead()
        #expect(try rig.eventually { try gauge("active") == 0 && gauge("idle") == 1 })
        #expect(
            try rig.eventually {
                try rig.metric("portcullis_upstream_connections{upstream=\"backend\",state=\"idle\"}") == 1
            })
        client.close()
        #expect(try rig.eventually { try gauge("active") == 0 && gauge("idle") == 0 })
        // After a reload that renames the upstream, nothing of the old one is left.
        let next = try TestPlan(upstreams: [TestPlan.upstream(backend.port, name: "other")]).compile()
        try rig.onLoop { $0.exchange.adopt(next, keySets: []) }
        #expect(
            try rig.eventually {
                try rig.metric("portcullis_upstream_connections{upstream=\"backend\",state=\"idle\"}") == 0
            })
        #expect(peer.readToEnd().end != .open)
    }

    @Test func deadlinesOfHeadAndIdleness() throws {
        // attacks 63.
        let rig = try rig {
            $0.timeouts.head = .milliseconds(300)
            $0.timeouts.idle = .milliseconds(300)
        }
        defer { try? rig.stop() }
        let silent = try rig.connect()
        #expect(silent.readToEnd(within: 2) == ("", .closed))
        // A total, however the bytes drip.
        let dripping = try rig.connect()
        for byte in "GET / HTTP/1.1\r\nhost: a\r\nx: aaaaaaaaaaaaaaaaaaa" where dripping.isSilent(for: 0.03) {
            try dripping.send(String(byte))
        }
        let late = try dripping.readAnswer()
        #expect(status(late.head) == 408)
        #expect(header("connection", in: late.head) == "close")
        #expect(try rig.decision(late.head).contains("\"reason\":\"timeout_header\""))
        #expect(dripping.readToEnd().end == .closed)
        // A second request's head has its own.
        let second = try rig.connect()
        try second.send(get + "GET /half")
        let peer = try backend.accept()
        usleep(500_000)
        try serve(peer)
        #expect(try second.readAnswer().body == "ok")
        #expect(status(try second.readAnswer().head) == 408)
        #expect(try rig.isAtRest())
    }

    @Test func aRefusedBodyIsDrainedAndThenTheConnectionEnds() throws {
        let rig = try rig { $0.timeouts.lingering = .milliseconds(300) }
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999\r\n\r\n")
        let answer = try client.readAnswer()
        #expect(status(answer.head) == 413)
        // Some more is swallowed, so that the answer above is not lost to a reset; not without end.
        try client.send([UInt8](repeating: 0x61, count: 100_000))
        #expect(client.readToEnd().end != .open)
        #expect(try rig.isAtRest())
        #expect(backend.isSilent(for: 0.02))
    }

    @Test func aDrainAnswersWhatIsUnderWayAndClosesTheRest() throws {
        // attacks 71.
        let rig = try rig()
        defer { try? rig.stop() }
        let idle = try rig.connect()
        let busy = try rig.connect()
        try busy.send(get)
        let peer = try backend.accept()
        _ = try peer.readHead()
        let late = try rig.connect()
        #expect(try rig.eventually { try rig.onLoop { $0.listener.openConnections } == 3 })
        try rig.onLoop { $0.listener.drain() }
        try late.send(get)
        let other = try backend.accept()
        try serve(other)
        let last = try late.readAnswer()
        #expect(status(last.head) == 200)
        #expect(header("connection", in: last.head) == "close")
        #expect(idle.readToEnd(within: 2) == ("", .closed))
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        let answer = try busy.readAnswer()
        #expect(header("connection", in: answer.head) == "close")
        #expect(busy.readToEnd().end == .closed)
        #expect(try rig.isAtRest())
        #expect(try rig.onLoop { $0.listener.openConnections } == 0)
    }

    @Test func abandonedConnectionsLeaveNothingBehind() throws {
        let rig = try rig()
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send(get)
        let peer = try backend.accept()
        _ = try peer.readHead()
        try rig.onLoop { $0.listener.abandon() }
        #expect(client.readToEnd().end == .reset)
        #expect(peer.readToEnd().end != .open)
        #expect(try rig.isAtRest())
        #expect(try rig.outcomes() == 1)
    }

    @Test func aReloadUnderWayFinishesOnItsPlanAndKeepsWhatStays() throws {
        // attacks 70.
        let rig = try rig()
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send(get)
        let peer = try backend.accept()
        _ = try peer.readHead()
        for number in 2...4 {
            var test = TestPlan(upstreams: [TestPlan.upstream(backend.port)])
            test.revision = "r\(number)"
            let next = try test.compile()
            try rig.onLoop { $0.exchange.adopt(next, keySets: []) }
        }
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        let first = try client.readAnswer()
        #expect(try rig.decision(first.head).contains("\"revision\":\"r1\""))
        // The connection of an upstream that did not change serves on.
        try client.send(get)
        try serve(peer)
        let second = try client.readAnswer()
        #expect(try rig.decision(second.head).contains("\"revision\":\"r4\""))
        #expect(try rig.eventually { try rig.onLoop { $0.exchange.retiredPlans == 0 } })
    }

    @Test func aListenerThatOnlyRedirects() throws {
        let rig = try rig { $0.redirects = true }
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("GET /a/b?c=d HTTP/1.1\r\nhost: Example.com:80\r\n\r\n")
        let answer = try client.readAnswer()
        #expect(status(answer.head) == 308)
        #expect(header("location", in: answer.head) == "https://example.com/a/b?c=d")
        try client.send("OPTIONS * HTTP/1.1\r\nhost: example.com\r\n\r\n")
        let other = try client.readAnswer()
        #expect(status(other.head) == 404)
        #expect(header("location", in: other.head) == nil)
        #expect(backend.isSilent(for: 0.02))
    }

    @Test func theClientBehindATrustedHopIsWhoIsDeniedAndForwarded() throws {
        // attacks 41.
        let rig = try rig {
            $0.clientAddress = ClientAddressRule(
                field: .xForwardedFor, trusted: AddressSet([try CIDR("127.0.0.0/8")]))
            $0.deny = AddressSet([try CIDR("198.51.100.0/24")])
        }
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 203.0.113.7\r\n\r\n")
        let peer = try backend.accept()
        let head = try peer.readHead()
        #expect(header("x-forwarded-for", in: head) == "203.0.113.7, 127.0.0.1")
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        #expect(try rig.decision(try client.readHead()).contains("\"client\":\"203.0.113.7\""))
        try client.send("GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 1.1.1.1, 198.51.100.9\r\n\r\n")
        #expect(status(try client.readAnswer().head) == 403)
        try client.send("GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: bogus\r\n\r\n")
        #expect(status(try client.readAnswer().head) == 400)
        #expect(backend.isSilent(for: 0.02))
    }
}
