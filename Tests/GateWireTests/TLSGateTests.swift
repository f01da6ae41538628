import GateHTTP
import GatePrimitives
import NIOCore
import NIOEmbedded
import NIOSSL
import Testing

@testable import GateWire

/// Notes what a loop's listeners report.
private final class Reports: WireObserver {
    var lines: [String] = []
    func connectionOpened(_ facts: AcceptedConnection) { lines.append("opened") }
    func connectionIdentified(_ facts: AcceptedConnection) { lines.append("identified") }
    func connectionClosed(_ facts: AcceptedConnection) { lines.append("closed") }
    func connectionRefused(_ facts: AcceptedConnection, _ reason: Reason) { lines.append("refused \(reason.rawValue)") }
    func handshakeCompleted(_ facts: AcceptedConnection, duration: TimeSpan) { lines.append("completed") }
    func handshakeFailed(_ facts: AcceptedConnection, _ reason: Reason) { lines.append("failed \(reason.rawValue)") }
}

/// A server's channel with the gate on it.
private final class GateRig {
    let channel = EmbeddedChannel()
    let loop: WireLoop
    let reports = Reports()
    let facts = AcceptedConnection(id: 1, listener: 0, peer: nil, peerPort: 0)
    private(set) var delegate: TestDelegate?
    let gate: TLSGate

    init() throws {
        let (channel, facts) = (channel, facts)
        let loop = WireLoop(eventLoop: channel.embeddedEventLoop, index: 0)
        self.loop = loop
        let certificates = [
            try TestCertificates.load(),
            try TestCertificates.load(TestCertificates.otherChain, TestCertificates.otherKey),
        ]
        let tls = try ServerTLS(certificates: certificates, defaultIndex: nil, protocols: ["http/1.1"])
        let settings = ListenerSettings(
            index: 0, tls: tls, headLimits: .standard, timeouts: DownstreamTimeouts(), maximumConnections: 10)
        let made = Made()
        gate = TLSGate(facts: facts, tls: tls, loop: loop, timeout: .seconds(10)) { channel in
            let connection = DownstreamConnection(channel: channel, facts: facts, settings: settings, loop: loop)
            let delegate = TestDelegate(connection)
            connection.delegate = delegate
            made.delegate = delegate
            return connection
        }
        loop.observer = reports
        try channel.pipeline.syncOperations.addHandler(gate)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        self.made = made
    }

    private let made: Made
    var heard: [String] { made.delegate?.heard ?? [] }
    var connection: DownstreamConnection? { made.delegate?.connection }

    private final class Made { var delegate: TestDelegate? }

    func receive(_ bytes: [UInt8]) { _ = try? channel.writeInbound(ByteBuffer(bytes: bytes)) }

    func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }
}

/// A client's channel with the library's own TLS.
private final class TLSClient {
    let channel = EmbeddedChannel()

    init(name: String?, protocols: [String] = ["http/1.1"]) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.applicationProtocols = protocols
        let handler = try NIOSSLClientHandler(
            context: try NIOSSLContext(configuration: configuration), serverHostname: name)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }
}

/// The handshake in front of a connection.
@Suite struct TLSGateTests {
    private func shake(_ client: TLSClient, _ rig: GateRig, first change: ([UInt8]) -> [[UInt8]] = { [$0] }) throws {
        for piece in change(try client.sent()) { rig.receive(piece) }
        for _ in 0..<6 {
            let answer = try rig.sent()
            if !answer.isEmpty { _ = try? client.channel.writeInbound(ByteBuffer(bytes: answer)) }
            let next = try client.sent()
            if !next.isEmpty { rig.receive(next) }
        }
    }

    @Test func aHandshakeLeadsToAConnection() throws {
        let (client, rig) = (try TLSClient(name: "api.example.com"), try GateRig())
        try shake(client, rig)
        #expect(rig.reports.lines == ["completed"])
        #expect(rig.facts.tls?.serverName == "api.example.com")
        #expect(rig.facts.tls?.version == "TLSv1.3")
        #expect(rig.facts.tls?.applicationProtocol == "http/1.1")
        client.channel.writeAndFlush(
            ByteBuffer(string: "GET / HTTP/1.1\r\nhost: api.example.com\r\n\r\n"), promise: nil)
        rig.receive(try client.sent())
        #expect(rig.heard == ["GET /"])
        _ = try client.channel.writeInbound(ByteBuffer(bytes: try rig.sent()))
        let answer = try #require(try client.channel.readInbound(as: ByteBuffer.self))
        #expect(String(buffer: answer).hasPrefix("HTTP/1.1 204 "))
        // The gate left, and took its deadline along.
        #expect(rig.gate.deadline.slot == nil)
    }

    @Test func aHelloInPiecesIsTheSameHello() throws {
        // attacks 82: neither many reads nor many records walk around the rules that hang on the name.
        let (dripping, first) = (try TLSClient(name: "other.test"), try GateRig())
        try shake(dripping, first) { $0.map { [$0] } }
        #expect(first.facts.tls?.serverName == "other.test")
        let (split, second) = (try TLSClient(name: "other.test"), try GateRig())
        try shake(split, second) { [Hello.records(Array($0.dropFirst(5)), of: 100)] }
        #expect(second.facts.tls?.serverName == "other.test")
        #expect(second.reports.lines == ["completed"])
    }

    @Test func anUnknownNameNoProtocolAndNoTLSAreRefusedWithTheirAlerts() throws {
        for (name, protocols, alert, reason) in [
            ("unknown.test", ["http/1.1"], 112, "tls_unknown_name"), (nil, ["http/1.1"], 112, "tls_unknown_name"),
            ("other.test", ["h2"], 120, "tls_no_protocol"),
        ] as [(String?, [String], UInt8, String)] {
            let (client, rig) = (try TLSClient(name: name, protocols: protocols), try GateRig())
            rig.receive(try client.sent())
            #expect(try rig.sent() == [21, 3, 3, 0, 2, 2, alert])
            #expect(rig.reports.lines == ["failed \(reason)"])
            #expect(!rig.channel.isActive)
        }
        let plain = try GateRig()
        plain.receive(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(try plain.sent() == [21, 3, 3, 0, 2, 2, 50])
        #expect(plain.reports.lines == ["failed tls_failed"])
        #expect(!plain.channel.isActive)
    }

    @Test func aHandshakeHasATotal() throws {
        // attacks 63.
        for count in [0, 10, 10_000] {
            let (client, rig) = (try TLSClient(name: "api.example.com"), try GateRig())
            rig.receive(Array(try client.sent().prefix(count)))
            #expect(rig.channel.isActive)
            rig.gate.deadlinePassed(.now())
            #expect(!rig.channel.isActive)
            #expect(rig.reports.lines == ["failed timeout_tls"])
            rig.channel.embeddedEventLoop.run()
            #expect(rig.gate.deadline.slot == nil)
        }
    }

    @Test func aClientThatLeavesInTheHandshakeIsReportedOnce() throws {
        let (client, rig) = (try TLSClient(name: "api.example.com"), try GateRig())
        rig.receive(Array(try client.sent().prefix(20)))
        rig.channel.pipeline.fireChannelInactive()
        rig.channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
        rig.gate.deadlinePassed(.now())
        #expect(rig.reports.lines == ["failed client_closed"])
    }

    @Test func garbageAfterAGoodHelloIsNoHandshake() throws {
        let (client, rig) = (try TLSClient(name: "api.example.com"), try GateRig())
        rig.receive(try client.sent())
        _ = try rig.sent()
        rig.receive(Array(repeating: 0x17, count: 100))
        #expect(rig.reports.lines == ["failed tls_failed"])
        #expect(!rig.channel.isActive)
        #expect(rig.heard.isEmpty)
    }

    @Test func aCutSaysNoGoodbye() throws {
        // attacks 67: close_notify would tell the client that it has all.
        let (client, rig) = (try TLSClient(name: "api.example.com"), try GateRig())
        try shake(client, rig)
        client.channel.writeAndFlush(
            ByteBuffer(string: "GET / HTTP/1.1\r\nhost: api.example.com\r\n\r\n"), promise: nil)
        rig.receive(try client.sent())
        _ = try rig.sent()
        rig.connection?.abort()
        #expect(try rig.sent().isEmpty)
        #expect(!rig.channel.isActive)
    }
}
