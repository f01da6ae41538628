import GateAdmission
import GateHTTP
import GateIdentity
import GateLimits
import GatePlan
import GatePrimitives
import GateTestKit
import GateWire
import Glibc
import NIOCore
import Testing

@testable import GateExchange

/// Asks one question and does what the answer says.
struct AskingCheck: AdmissionCheck {
    let name: StaticString = "asking"

    func judge(
        _ request: borrowing VettedRequest, _ facts: AdmissionFacts, principal: Principal?, answer: AdmissionAnswer?
    ) -> CheckVerdict {
        guard case .answered(let bytes) = answer else { return .wait(.question(7)) }
        guard let bytes else { return .refuse(Fault(.admit, .undecided)) }
        return String(buffer: bytes) == "yes" ? .pass : .refuse(Fault(.admit, .claimMismatch))
    }
}

/// Reads the body and refuses one that says `evil`.
struct ReadingCheck: AdmissionCheck {
    let name: StaticString = "reading"
    var limit: UInt64 = 1 << 20

    func judge(
        _ request: borrowing VettedRequest, _ facts: AdmissionFacts, principal: Principal?, answer: AdmissionAnswer?
    ) -> CheckVerdict {
        guard case .body(let bytes) = answer else { return .wait(.body(limit: limit)) }
        return String(buffer: bytes).contains("evil") ? .refuse(Fault(.admit, .claimMismatch)) : .pass
    }
}

/// The questions of a loop, kept for the test to answer.
final class Questions: @unchecked Sendable {
    private let rig: Rig
    private nonisolated(unsafe) var pending: [PendingQuestion] = []

    init(_ rig: Rig) throws {
        self.rig = rig
        try rig.onLoop { parts in parts.exchange.ask = { question in unsafe self.pending.append(question) } }
    }

    func count() throws -> Int { try rig.onLoop { _ in unsafe self.pending.count } }

    /// Waits for the next question and answers it.
    func answer(_ text: String?) throws {
        #expect(try rig.eventually { try count() > 0 })
        try rig.onLoop { _ in
            guard unsafe !self.pending.isEmpty else { return }
            unsafe self.pending.removeFirst().answer(text.map { ByteBuffer(string: $0) })
        }
    }
}

/// Admission as a machine that passes, refuses and waits, on live connections.
@Suite(.serialized) struct AdmissionWaitTests {
    let backend: ServerSocket

    init() throws { backend = try ServerSocket() }

    private func plan(_ admission: AdmissionPlan, total: TimeSpan? = nil) -> TestPlan {
        TestPlan(
            routes: [TestRoute(admission: admission, totalTimeout: total)],
            upstreams: [TestPlan.upstream(backend.port)])
    }

    private func serve(_ peer: Socket, _ body: String = "ok") throws {
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    private let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    @Test func aCheckThatWaitsDecidesWhenItIsAnswered() throws {
        let rig = try Rig(plan(AdmissionPlan(access: .open, headChecks: [AskingCheck()])))
        defer { try? rig.stop() }
        let questions = try Questions(rig)
        let client = try rig.connect()
        try client.send(get)
        #expect(backend.isSilent(for: 0.1))
        try questions.answer("yes")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try serve(peer)
        #expect(status(try client.readAnswer().head) == 200)
        for (answer, expected) in [("no", 403), (nil, 500)] as [(String?, Int)] {
            try client.send(get)
            try questions.answer(answer)
            #expect(status(try client.readAnswer().head) == expected)
        }
        #expect(peer.isSilent(for: 0.05))
        #expect(try rig.outcomes() == 3)
        #expect(try rig.isAtRest(connections: 1))
    }

    @Test func withoutAnybodyToAskItIsRefused() throws {
        let rig = try Rig(plan(AdmissionPlan(access: .open, headChecks: [AskingCheck()])))
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send(get)
        #expect(status(try client.readAnswer().head) == 500)
        #expect(backend.isSilent(for: 0.05))
    }

    @Test func aClientThatLeavesWhileACheckWaitsIsForgotten() throws {
        let rig = try Rig(plan(AdmissionPlan(access: .open, headChecks: [AskingCheck()])))
        defer { try? rig.stop() }
        let questions = try Questions(rig)
        let client = try rig.connect()
        try client.send(get)
        #expect(try rig.eventually { try questions.count() == 1 })
        client.close()
        #expect(try rig.isAtRest())
        try questions.answer("yes")
        #expect(backend.isSilent(for: 0.1))
        #expect(try rig.outcomes() == 1)
    }

    @Test func theDeadlineOfARequestHoldsWhileACheckWaits() throws {
        let rig = try Rig(
            plan(AdmissionPlan(access: .open, headChecks: [AskingCheck()]), total: .milliseconds(200)))
        defer { try? rig.stop() }
        let questions = try Questions(rig)
        let client = try rig.connect()
        try client.send(get)
        #expect(status(try client.readAnswer().head) == 500)
        // The late answer of the first request is not the second's.
        try client.send(get)
        #expect(try rig.eventually { try questions.count() == 2 })
        try questions.answer("yes")
        #expect(backend.isSilent(for: 0.05))
        try questions.answer("yes")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try serve(peer)
        #expect(status(try client.readAnswer().head) == 200)
        #expect(try rig.outcomes() == 2)
    }

    @Test func pipelinedRequestsWaitBehindOneThatWaits() throws {
        let rig = try Rig(plan(AdmissionPlan(access: .open, headChecks: [AskingCheck()])))
        defer { try? rig.stop() }
        let questions = try Questions(rig)
        let client = try rig.connect()
        try client.send(get + get + get)
        #expect(try rig.eventually { try questions.count() == 1 })
        usleep(50_000)
        #expect(try questions.count() == 1)
        try questions.answer("no")
        #expect(status(try client.readAnswer().head) == 403)
        try questions.answer("yes")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try serve(peer, "second")
        #expect(try client.readAnswer().body == "second")
        try questions.answer(nil)
        #expect(status(try client.readAnswer().head) == 500)
        #expect(try rig.outcomes() == 3)
    }

    @Test func aReloadLeavesAWaitingRequestOnItsPlan() throws {
        let test = plan(AdmissionPlan(access: .open, headChecks: [AskingCheck()]))
        let rig = try Rig(test)
        defer { try? rig.stop() }
        let questions = try Questions(rig)
        let client = try rig.connect()
        try client.send(get)
        #expect(try rig.eventually { try questions.count() == 1 })
        var changed = plan(AdmissionPlan())
        changed.revision = "r2"
        let next = try changed.compile()
        try rig.onLoop { $0.exchange.adopt(next, keySets: []) }
        try questions.answer("yes")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try serve(peer)
        let first = try client.readAnswer()
        #expect(status(first.head) == 200)
        #expect(try rig.decision(first.head).contains("\"revision\":\"r1\""))
        try client.send(get)
        let second = try client.readAnswer()
        #expect(status(second.head) == 500)
        #expect(try rig.decision(second.head).contains("\"revision\":\"r2\""))
        // Nothing holds the old plan any more: the loop lets it go.
        #expect(try rig.eventually { try rig.onLoop { $0.exchange.retiredPlans == 0 } })
    }

    // MARK: A body that is read first

    @Test func aCheckThatReadsTheBodyLetsTheSameBytesPass() throws {
        let rig = try Rig(plan(AdmissionPlan(access: .open, bodyChecks: [ReadingCheck(), ReadingCheck()])))
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        #expect(backend.isSilent(for: 0.1))
        try client.send("2\r\nde\r\n0\r\n\r\n")
        let peer = try backend.accept()
        let head = try peer.readHead()
        #expect(header("content-length", in: head) == "5")
        #expect(header("transfer-encoding", in: head) == nil)
        #expect(try peer.read(count: 5) == "abcde")
        try serve(peer)
        #expect(status(try client.readAnswer().head) == 200)
        // A body is held no longer than its request, and the next one is its own.
        #expect(try rig.onLoop { $0.exchange.inspectedBytes } == 0)
        try client.send(
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nevil!!GET /next HTTP/1.1\r\nhost: a\r\n\r\n")
        #expect(status(try client.readAnswer().head) == 403)
        #expect(try peer.readHead().hasPrefix("GET /next "))
        try serve(peer)
        #expect(status(try client.readAnswer().head) == 200)
        #expect(try rig.onLoop { $0.exchange.inspectedBytes } == 0)
    }

    @Test(arguments: [(4, 200), (5, 200), (6, 413)]) func theBodyLimitHoldsToTheByte(size: Int, expected: Int) throws {
        // attacks 57.
        for inspects in [false, true] {
            let rig = try Rig(
                plan(AdmissionPlan(access: .open, bodyChecks: inspects ? [ReadingCheck()] : [], bodyLimit: 5)))
            defer { try? rig.stop() }
            for framing in ["content-length: \(size)", "transfer-encoding: chunked"] {
                let body = String(repeating: "x", count: size)
                let client = try rig.connect()
                let text = framing.hasPrefix("t") ? "\(size)\r\n\(body)\r\n0\r\n\r\n" : body
                try client.send("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\(framing)\r\n\r\n\(text)")
                if expected == 200 {
                    let peer = try backend.accept()
                    _ = try peer.readHead()
                    _ = try peer.read(until: body)
                    try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                } else if !inspects, framing.hasPrefix("t") {
                    // What has gone out is cut: the backend never sees an end.
                    let peer = try backend.accept()
                    #expect(!peer.readToEnd().text.contains("0\r\n\r\n"))
                }
                let answer = try client.readAnswer()
                #expect(status(answer.head) == expected)
            }
            #expect(backend.isSilent(for: 0.02))
            #expect(try rig.isAtRest())
        }
    }

    @Test func aSilentBodyIsA408WhetherHeldOrPassedOn() throws {
        // attacks 63.
        for inspects in [false, true] {
            var test = plan(AdmissionPlan(access: .open, bodyChecks: inspects ? [ReadingCheck()] : []))
            test.timeouts.bodyRead = .milliseconds(200)
            let rig = try Rig(test)
            defer { try? rig.stop() }
            let client = try rig.connect()
            try client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc")
            let peer = inspects ? nil : try backend.accept()
            let answer = try client.readAnswer()
            #expect(status(answer.head) == 408)
            #expect(client.readToEnd().end == .closed)
            #expect(peer?.readToEnd().end != .open)
            #expect(try rig.onLoop { $0.exchange.inspectedBytes } == 0)
            #expect(try rig.isAtRest())
        }
    }

    @Test func aDrippingBodyHasATotal() throws {
        var test = plan(AdmissionPlan(access: .open, bodyChecks: [ReadingCheck()]))
        test.timeouts.body = .milliseconds(400)
        let rig = try Rig(test)
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n")
        for _ in 0..<20 where client.isSilent(for: 0.05) { try client.send("x") }
        #expect(status(try client.readAnswer().head) == 408)
    }

    @Test func aClientThatLeavesInItsBodyIsForgotten() throws {
        let rig = try Rig(plan(AdmissionPlan(access: .open, bodyChecks: [ReadingCheck()])))
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc")
        #expect(try rig.eventually { try rig.onLoop { $0.exchange.inspectedBytes } == 3 })
        client.reset()
        #expect(try rig.isAtRest())
        #expect(try rig.onLoop { $0.exchange.inspectedBytes } == 0)
        #expect(backend.isSilent(for: 0.02))
    }

    @Test func aDelayOfALimitHoldsTheRequestAndNotItsClient() throws {
        let parameters = try LimitParameters(rate: 10_000, burst: 5, delayAfter: 0)
        let zone = LimitZone(name: "slow", parameters: parameters, ceiling: 1 << 16)
        var test = plan(
            AdmissionPlan(access: .open, addressLimits: [LimitReference(zone: 0, key: [.clientAddress])]))
        test.limits = LimitTable([zone])
        let rig = try Rig(test)
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send(get + get)
        let peer = try backend.accept()
        _ = try peer.readHead()
        try serve(peer)
        #expect(status(try client.readAnswer().head) == 200)
        #expect(peer.isSilent(for: 0.03))
        _ = try peer.readHead()
        try serve(peer)
        #expect(status(try client.readAnswer().head) == 200)
        // One more, whose client leaves in the delay.
        try client.send(get)
        client.close()
        #expect(peer.isSilent(for: 0.2))
        #expect(try rig.isAtRest())
        #expect(try rig.outcomes() == 3)
    }

    @Test func answersShowTheTightestLimitWhereTheRouteSaysSo() throws {
        func zone(_ name: String, _ burst: Int64) throws -> LimitZone {
            LimitZone(name: name, parameters: try LimitParameters(rate: 1000, burst: burst), ceiling: 1 << 16)
        }
        for shows in [true, false] {
            var test = plan(
                AdmissionPlan(
                    access: .open,
                    addressLimits: [
                        LimitReference(zone: 0, key: [.route]), LimitReference(zone: 1, key: [.clientAddress]),
                    ]))
            test.routes[0].showsLimits = shows
            test.limits = LimitTable([try zone("wide", 9), try zone("narrow", 1)])
            let rig = try Rig(test)
            defer { try? rig.stop() }
            let client = try rig.connect()
            try client.send(get)
            let peer = try backend.accept()
            _ = try peer.readHead()
            try serve(peer)
            let passed = try client.readAnswer().head
            #expect(header("ratelimit", in: passed) == (shows ? "\"narrow\";r=1;t=0" : nil))
            #expect(header("ratelimit-policy", in: passed) == (shows ? "\"narrow\";q=2;w=2" : nil))
            try client.send(get + get)
            _ = try peer.readHead()
            try serve(peer)
            _ = try client.readAnswer()
            let refused = try client.readAnswer().head
            #expect(status(refused) == 429)
            #expect(header("ratelimit", in: refused)?.hasPrefix("\"narrow\";r=0;t=") == true)
            #expect(refused.split(separator: "\r\n").filter { $0.hasPrefix("ratelimit:") }.count == 1)
        }
    }
}
