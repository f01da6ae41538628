import GateAdmission
import GateHTTP
import GatePrimitives
import GateTestKit
import GateUpstreams
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import GateWire

/// Notes what a pool and its connections say; lives on the loop.
private final class TestUpstream: UpstreamDelegate {
    var heard: [String] = []
    var lease: Lease?

    func upstreamLeased(_ lease: consuming Lease) {
        heard.append("leased")
        self.lease = consume lease
    }

    func upstreamUnavailable(_ fault: Fault) { heard.append("unavailable \(fault.reason.rawValue)") }
    func upstreamInformational(_ response: borrowing VettedResponse) { heard.append("interim \(response.status)") }
    func upstreamHead(_ response: consuming VettedResponse) { heard.append("head \(response.status)") }
    func upstreamBody(_ chunk: ByteBuffer) { heard.append("body \(String(buffer: chunk))") }
    func upstreamEnd(_ trailers: FieldBlock?) { heard.append("end") }
    func upstreamReadComplete() {}
    func upstreamWritable() {}
    func upstreamFailed(_ fault: Fault) { heard.append("failed \(fault.reason.rawValue)") }

    func give(back end: LeaseEnd) {
        if let lease = lease.take() { lease.end(end) }
    }

    func send(_ text: String) {
        let connection = lease?.stream as? UpstreamConnection
        connection?.write(ByteBuffer(string: text))
        connection?.writeEnd(nil)
        connection?.flush()
    }
}

/// A pool on a real loop.
private final class PoolRig: @unchecked Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop: any EventLoop
    private let bound: NIOLoopBound<(WireLoop, UpstreamPool)>

    init(_ endpoints: [SocketEndpoint], _ change: (inout UpstreamSettings) -> Void = { _ in }) throws {
        let loop = group.next()
        self.loop = loop
        var settings = UpstreamSettings(name: "backend", index: 0, endpoints: endpoints.map { .init(address: $0) })
        change(&settings)
        let final = settings
        bound = try loop.submit {
            let wire = WireLoop(eventLoop: loop, index: 0)
            let pool = UpstreamPool(settings: final, loop: wire, resolver: EndpointResolver())
            wire.start { pool.tick($0) }
            return NIOLoopBound((wire, pool), eventLoop: loop)
        }.wait()
    }

    convenience init(_ ports: UInt16..., change: (inout UpstreamSettings) -> Void = { _ in }) throws {
        try self.init(ports.map { .ip(IPAddress(v4: 0x7f00_0001), port: $0) }, change)
    }

    func stop() throws {
        try onPool { _ in }
        let bound = bound
        try loop.submit { bound.value.0.stop() }.wait()
        try group.syncShutdownGracefully()
    }

    func onPool<T: Sendable>(_ body: @escaping @Sendable (UpstreamPool) throws -> T) throws -> T {
        let bound = bound
        return try loop.submit { try body(bound.value.1) }.wait()
    }

    func counts() throws -> [Int] { try onPool { [$0.counts.inUse, $0.counts.idle] } }
}

/// One who asks a pool for connections.
private final class Asker: @unchecked Sendable {
    let rig: PoolRig
    private let bound: NIOLoopBound<TestUpstream>

    init(_ rig: PoolRig) throws {
        self.rig = rig
        let loop = rig.loop
        bound = try loop.submit { NIOLoopBound(TestUpstream(), eventLoop: loop) }.wait()
    }

    /// Asks for a connection.
    func ask(_ attempts: Attempts = Attempts()) throws {
        let bound = bound
        try rig.onPool { pool in
            var request = Errand(purpose: "test").dispatch()
            switch pool.lease(&request, attempts, for: bound.value) {
            case .leased(let lease): bound.value.upstreamLeased(lease)
            case .unavailable(let fault): bound.value.upstreamUnavailable(fault)
            case .connecting: break
            }
        }
    }

    /// Asks, and cancels in the same turn of the loop.
    func askAndCancel() throws {
        let bound = bound
        try rig.onPool { pool in
            var request = Errand(purpose: "test").dispatch()
            switch pool.lease(&request, Attempts(), for: bound.value) {
            case .connecting: pool.cancel(bound.value)
            case .leased: bound.value.heard.append("leased at once")
            case .unavailable: bound.value.heard.append("unavailable at once")
            }
        }
    }

    func send(_ text: String) throws {
        let bound = bound
        try rig.onPool { _ in bound.value.send(text) }
    }

    func give(back end: LeaseEnd) throws {
        let bound = bound
        try rig.onPool { _ in bound.value.give(back: end) }
    }

    var heard: [String] {
        get throws {
            let bound = bound
            return try rig.onPool { _ in bound.value.heard }
        }
    }

    /// Waits until it heard something that begins so.
    func hears(_ prefix: String) throws -> Bool {
        for _ in 0..<500 {
            if try heard.last?.hasPrefix(prefix) ?? false { return true }
            usleep(10_000)
        }
        return false
    }
}

@Suite(.serialized) struct UpstreamPoolTests {
    private let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    private let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    @Test func aConnectionIsUsedAgainAndKeptOnlySoLong() throws {
        let server = try ServerSocket()
        let rig = try PoolRig(server.port) { $0.idleTimeout = .milliseconds(300) }
        defer { try? rig.stop() }
        let asker = try Asker(rig)
        try asker.ask()
        let peer = try server.accept()
        for _ in 0..<3 {
            if try asker.heard.last != "leased" { try #require(try asker.hears("leased")) }
            try asker.send(get)
            _ = try peer.read(until: "\r\n\r\n")
            try peer.send(answer)
            #expect(try asker.hears("end"))
            try asker.give(back: .reusable)
            #expect(try rig.counts() == [0, 1])
            try asker.ask()
        }
        try asker.give(back: .abandoned)
        #expect(peer.readToEnd().end == .closed)
        #expect(try rig.counts() == [0, 0])
        try asker.ask()
        let second = try server.accept()
        #expect(try asker.hears("leased"))
        try asker.send(get)
        try second.send(answer)
        #expect(try asker.hears("end"))
        try asker.give(back: .reusable)
        #expect(second.readToEnd(within: 2).end == .closed)
        #expect(try rig.counts() == [0, 0])
    }

    @Test func whereNobodyListensTheNextEndpointIsAsked() throws {
        let closed = try ServerSocket()
        let port = closed.port
        closed.close()
        let alone = try PoolRig(port)
        defer { try? alone.stop() }
        for _ in 0..<3 {
            let loser = try Asker(alone)
            try loser.ask()
            #expect(try loser.hears("unavailable upstream_connect_failed"))
        }
        #expect(try alone.counts() == [0, 0])
        let server = try ServerSocket()
        let both = try PoolRig(port, server.port)
        defer { try? both.stop() }
        for _ in 0..<4 {
            let asker = try Asker(both)
            try asker.ask()
            let peer = try server.accept()
            #expect(try asker.hears("leased"))
            try asker.give(back: .served)
            peer.close()
        }
        #expect(try both.counts() == [0, 0])
    }

    @Test func anEndpointThatDoesNotAnswerTimesOut() throws {
        let full = try ServerSocket(backlog: 0)
        // One connection fills a queue without a backlog: what comes after it is not even answered.
        let first = try Socket.connect(port: full.port)
        defer { first.close() }
        let rig = try PoolRig(full.port) { $0.timeouts.connect = .milliseconds(300) }
        defer { try? rig.stop() }
        let asker = try Asker(rig)
        try asker.ask()
        #expect(try asker.hears("unavailable upstream_connect_timeout"))
        #expect(try rig.counts() == [0, 0])
    }

    @Test func whoNoLongerWaitsGetsNothing() throws {
        let server = try ServerSocket()
        let rig = try PoolRig(server.port)
        defer { try? rig.stop() }
        let asker = try Asker(rig)
        // Asked for and taken back in one turn of the loop.
        try asker.askAndCancel()
        let peer = try server.accept()
        #expect(peer.readToEnd().end != .open)
        #expect(try asker.heard.isEmpty)
        #expect(try rig.counts() == [0, 0])
    }

    @Test func failuresGiveTheirPlaceBack() throws {
        let server = try ServerSocket()
        let rig = try PoolRig(server.port) { $0.maximumConnections = 2 }
        defer { try? rig.stop() }
        for turn in 0..<6 {
            let asker = try Asker(rig)
            try asker.ask()
            let peer = try server.accept()
            #expect(try asker.hears("leased"))
            try asker.send(get)
            _ = try peer.read(until: "\r\n\r\n")
            switch turn % 3 {
            case 0: try peer.send("garbage\r\n\r\n")
            case 1: peer.reset()
            default: peer.close()
            }
            #expect(try asker.hears("failed"))
            #expect(try rig.counts() == [1, 0])
            try asker.give(back: .failed)
            #expect(try rig.counts() == [0, 0])
        }
    }

    @Test func moreThanAllowedAreRefused() throws {
        let server = try ServerSocket()
        let rig = try PoolRig(server.port) { $0.maximumConnections = 1 }
        defer { try? rig.stop() }
        let (first, second) = (try Asker(rig), try Asker(rig))
        try first.ask()
        try second.ask()
        #expect(try second.heard == ["unavailable upstream_saturated"])
        #expect(try first.hears("leased"))
        try first.give(back: .abandoned)
        try second.ask()
        #expect(try second.hears("leased"))
        try second.give(back: .abandoned)
    }

    @Test func aDrainedPoolKeepsNothing() throws {
        let server = try ServerSocket()
        let rig = try PoolRig(server.port)
        defer { try? rig.stop() }
        let (idle, busy) = (try Asker(rig), try Asker(rig))
        try idle.ask()
        let first = try server.accept()
        #expect(try idle.hears("leased"))
        try busy.ask()
        let second = try server.accept()
        #expect(try busy.hears("leased"))
        try idle.send(get)
        try first.send(answer)
        #expect(try idle.hears("end"))
        try idle.give(back: .reusable)
        #expect(try rig.counts() == [1, 1])
        try rig.onPool { $0.drain() }
        #expect(first.readToEnd().end == .closed)
        try busy.send(get)
        try second.send(answer)
        #expect(try busy.hears("end"))
        try busy.give(back: .reusable)
        #expect(second.readToEnd().end == .closed)
        #expect(try rig.counts() == [0, 0])
    }

    @Test func aUnixSocketAnswersInTheSameTurn() throws {
        let path = "\(FileLocation.temporary)/gate-\(UInt64.random(in: 0...UInt64.max)).sock"
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let rig = try PoolRig([.unix(path: path)])
        defer { try? rig.stop() }
        let early = try Asker(rig)
        try early.ask()
        #expect(try early.hears("unavailable upstream_connect_failed"))
        let server = try ServerBootstrap(group: group).bind(unixDomainSocketPath: path).wait()
        defer { try? server.close().wait() }
        let late = try Asker(rig)
        try late.ask()
        #expect(try late.hears("leased"))
        try late.give(back: .abandoned)
        #expect(try rig.counts() == [0, 0])
    }

    @Test func addressesAreCheckedWhenTheyAreUsed() throws {
        // attacks 53, 74.
        for (endpoint, expected) in [
            ("169.254.169.254:80", "upstream_address_refused"), ("8.8.8.8:80", "upstream_address_refused"),
            ("0.0.0.0:80", "upstream_address_refused"), ("never-resolved.test:80", "dns_error"),
        ] {
            let rig = try PoolRig([SocketEndpoint(endpoint)])
            defer { try? rig.stop() }
            let asker = try Asker(rig)
            try asker.ask()
            #expect(try asker.heard == ["unavailable \(expected)"])
            #expect(try rig.counts() == [0, 0])
        }
    }

    @Test func aBackendWithoutTLSOrWithAStrangersCertificateIsNotTalkedTo() throws {
        let server = try ServerSocket()
        let tls = try UpstreamTLS(roots: nil, serverName: "orders.internal", clientCertificate: nil)
        let rig = try PoolRig(server.port) {
            $0.tls = tls
            $0.timeouts.connect = .seconds(2)
        }
        defer { try? rig.stop() }
        let plain = try Asker(rig)
        try plain.ask()
        let peer = try server.accept()
        try peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        #expect(try plain.hears("unavailable upstream_tls_failed"))
        let silent = try Asker(rig)
        try silent.ask()
        let other = try server.accept()
        #expect(try silent.hears("unavailable upstream_connect_timeout"))
        #expect(other.readToEnd().end != .open)
        #expect(try rig.counts() == [0, 0])
    }
}

/// Where tests put what they need on the disk.
enum FileLocation {
    static var temporary: String { unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp" }
}
