import Foundation
import GateAdmission
import GatePrimitives
import GateTestKit
import GateWire
import Glibc
import NIOCore
import Testing

@testable import GateExchange

/// Bytes that differ from place to place, so that a loss or a swap shows.
func pattern(_ count: Int) -> [UInt8] {
    let block = (0..<65521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 251) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    while bytes.count < count { bytes.append(contentsOf: block) }
    bytes.removeLast(bytes.count - count)
    return bytes
}

/// One side that does not keep up with the other (attacks 28, 63, 66).
@Suite(.serialized) struct BackPressureTests {
    let backend: ServerSocket

    // What the kernel holds on both sides of the gateway, at most; the gateway's own share is far below.
    static let kernel = 28 << 20

    init() throws { backend = try ServerSocket() }

    private func rig(_ change: (inout TestPlan) -> Void = { _ in }) throws -> Rig {
        var plan = TestPlan(upstreams: [TestPlan.upstream(backend.port)])
        plan.routes[0].admission.bodyLimit = 1 << 30
        change(&plan)
        return try Rig(plan)
    }

    /// Sends all of `bytes` on a thread of its own.
    private func sendAside(_ socket: Socket, _ bytes: [UInt8], thenClose: Bool = false) {
        // Not a task: tests block the threads that tasks run on.
        Thread.detachNewThread {
            try? socket.send(bytes, within: 20)
            if thenClose { socket.close() }
        }
    }

    @Test func aClientThatDoesNotReadStopsTheBackend() throws {
        let rig = try rig()
        defer { try? rig.stop() }
        let client = try rig.connect(receiveBuffer: 32768)
        try client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        let total = 64 << 20
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(total)\r\n\r\n")
        let body = pattern(total)
        let taken = peer.sendSome(body, within: 0.5)
        #expect(taken < Self.kernel)
        sendAside(peer, [UInt8](body[taken...]))
        #expect(status(try client.readHead()) == 200)
        #expect(try client.readBytes(total) == body)
        #expect(try rig.isAtRest(connections: 1))
    }

    @Test func aBackendThatDoesNotReadStopsTheClient() throws {
        let rig = try rig()
        defer { try? rig.stop() }
        let client = try rig.connect()
        let total = 64 << 20
        try client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: \(total)\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        let body = pattern(total)
        let taken = client.sendSome(body, within: 0.5)
        #expect(taken < Self.kernel)
        sendAside(client, [UInt8](body[taken...]))
        #expect(try peer.readBytes(total) == body)
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        #expect(status(try client.readHead()) == 200)
    }

    @Test func smallChunksReachASlowClientWhole() throws {
        // The gateway writes while its socket drains and fills again: nothing may be lost between the two.
        let rig = try rig()
        defer { try? rig.stop() }
        let client = try rig.connect(receiveBuffer: 32768)
        try client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        let body = pattern(12 << 20)
        var answer = [UInt8]("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".utf8)
        var start = 0
        var size = 1
        while start < body.count {
            let end = min(body.count, start + size)
            answer += [UInt8]("\(String(end - start, radix: 16))\r\n".utf8) + body[start..<end] + [13, 10]
            start = end
            size = size % 3000 + 701
        }
        answer += [UInt8]("0\r\n\r\n".utf8)
        sendAside(peer, answer)
        #expect(status(try client.readHead()) == 200)
        usleep(300_000)
        #expect(try client.readChunked() == body)
        #expect(try rig.isAtRest(connections: 1))
    }

    @Test(arguments: ["content-length", "connection: close"])
    func anAnswerWhoseBackendClosedReachesASlowClientWhole(framing: String) throws {
        let rig = try rig()
        defer { try? rig.stop() }
        let client = try rig.connect(receiveBuffer: 32768)
        try client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        let body = pattern(12 << 20)
        let field = framing == "content-length" ? "content-length: \(body.count)\r\n" : ""
        try peer.send("HTTP/1.1 200 OK\r\n\(field)connection: close\r\n\r\n")
        sendAside(peer, body, thenClose: true)
        let head = try client.readHead()
        usleep(500_000)
        if framing == "content-length" {
            #expect(try client.readBytes(body.count) == body)
        } else {
            #expect(header("transfer-encoding", in: head) == "chunked")
            #expect(try client.readChunked() == body)
        }
        #expect(try rig.isAtRest(connections: 1))
    }

    @Test(arguments: ["close", "keep-alive"]) func aSlowReaderGetsTheEndOfItsAnswer(connection: String) throws {
        let rig = try rig { plan in
            plan.timeouts.idle = .milliseconds(200)
            plan.timeouts.lingering = .milliseconds(200)
        }
        defer { try? rig.stop() }
        let client = try rig.connect(receiveBuffer: 32768)
        try client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: \(connection)\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        let body = pattern(8 << 20)
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(body.count)\r\n\r\n")
        sendAside(peer, body)
        _ = try client.readHead()
        // So slowly that the gateway's last bytes wait for longer than it would wait for another request.
        var received: [UInt8] = []
        while received.count < body.count {
            received += try client.readBytes(min(128 << 10, body.count - received.count))
            usleep(25_000)
        }
        #expect(received == body)
        #expect(client.readToEnd().end == .closed)
    }

    @Test func aClientThatTakesNothingIsCut() throws {
        let rig = try rig { $0.timeouts.write = .milliseconds(300) }
        defer { try? rig.stop() }
        let client = try rig.connect(receiveBuffer: 32768)
        try client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(64 << 20)\r\n\r\n")
        let body = [UInt8](repeating: 0x61, count: 64 << 20)
        let started = MonotonicInstant.now()
        _ = peer.sendSome(body, within: 3)
        #expect(MonotonicInstant.now().since(started) < .seconds(3))
        #expect(try rig.isAtRest())
        #expect(client.readToEnd().end == .reset)
        #expect(try rig.outcomes() == 1)
    }

    @Test func aClientThatSendsItsBodyButTakesNothingIsCutAllTheSame() throws {
        // The body's own deadline starts anew with each byte; it must not move the other.
        let rig = try rig { $0.timeouts.write = .milliseconds(400) }
        defer { try? rig.stop() }
        let client = try rig.connect(receiveBuffer: 32768)
        try client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(64 << 20)\r\n\r\n")
        sendAside(peer, [UInt8](repeating: 0x61, count: 64 << 20))
        var isCut = false
        for _ in 0..<40 where !isCut {
            usleep(50_000)
            isCut = client.sendSome([0x61], within: 0.1) == 0
        }
        #expect(isCut)
        #expect(try rig.isAtRest())
    }

    @Test func aClientThatAsksOnWithoutReadingIsNotHeard() throws {
        let rig = try rig { $0.timeouts.write = .seconds(60) }
        defer { try? rig.stop() }
        let client = try rig.connect(receiveBuffer: 32768)
        // Refused at once, since there is no such host field: no backend slows this down.
        let request = [UInt8]("GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n".utf8)
        var requests: [UInt8] = []
        let count = 600_000
        requests.reserveCapacity(count * request.count)
        for _ in 0..<count { requests += request }
        let taken = client.sendSome(requests, within: 0.5)
        #expect(taken < Self.kernel / 2)
        #expect(try rig.outcomes() < count / 2)
        // What was heard is answered, in order and whole; then the rest is heard.
        let answered = taken / request.count
        for _ in 0..<min(answered, 2000) { #expect(status(try client.readAnswer().head) == 501) }
        let next = [UInt8](requests[taken...].prefix(1000))
        var sent = 0
        for _ in 0..<64 where sent == 0 {
            _ = try client.readRaw(count: 1 << 20)
            sent = client.sendSome(next, within: 0.1)
        }
        #expect(sent > 0)
    }

    @Test func anIdleConnectionPinsNothing() throws {
        let rig = try rig()
        defer { try? rig.stop() }
        let client = try rig.connect()
        let big = String(repeating: "x", count: 8000)
        try client.send("POST / HTTP/1.1\r\nhost: a\r\nx-a: \(big)\r\nx-b: \(big)\r\ncontent-length: 5\r\n\r\nhello")
        let peer = try backend.accept()
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
        _ = try client.readAnswer()
        let pinned = try rig.onLoop { $0.listener.pinnedBytes }
        #expect(pinned <= 4096)
    }
}

extension Socket {
    /// The next `count` bytes, as bytes.
    func readBytes(_ count: Int) throws -> [UInt8] { try readRaw(count: count, within: 20) }

    /// A whole chunked body, decoded.
    func readChunked() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try read(until: "\r\n", within: 20)
            guard let size = Int(line.dropLast(), radix: 16) else { throw SocketFailure.ended(line) }
            if size > 0 { body += try readBytes(size) }
            guard try read(until: "\r\n", within: 20) == "\r\n" else { throw SocketFailure.ended("no CRLF") }
            if size == 0 { return body }
        }
    }
}
