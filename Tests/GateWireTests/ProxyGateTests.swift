import GatePrimitives
import NIOCore
import NIOEmbedded
import Testing

@testable import GateWire

/// The gate ahead of TLS and HTTP that reads a load balancer's header: attacks 43.
struct ProxyGateTests {
    /// What comes after the gate.
    private final class Next: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var read = ""
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            read += String(buffer: unwrapInboundIn(data))
        }
    }

    private final class Reports: WireObserver {
        var refused: [Reason] = []
        func connectionOpened(_ facts: AcceptedConnection) {}
        func connectionIdentified(_ facts: AcceptedConnection) {}
        func connectionClosed(_ facts: AcceptedConnection) {}
        func connectionRefused(_ facts: AcceptedConnection, _ reason: Reason) { refused.append(reason) }
        func handshakeCompleted(_ facts: AcceptedConnection, duration: TimeSpan) {}
        func handshakeFailed(_ facts: AcceptedConnection, _ reason: Reason) {}
    }

    private final class Rig {
        let channel = EmbeddedChannel()
        let reports = Reports()
        let next = Next()
        let facts: AcceptedConnection
        let loop: WireLoop
        let gate: ProxyGate

        init(_ mode: ProxyGate.Mode, admits: Bool = true) throws {
            let facts = AcceptedConnection(id: 1, listener: 0, peer: IPAddress("10.0.0.1"), peerPort: 7)
            self.facts = facts
            loop = WireLoop(eventLoop: channel.embeddedEventLoop, index: 0)
            loop.observer = reports
            let next = next
            gate = ProxyGate(facts: facts, mode: mode, loop: loop, timeout: .seconds(10)) { channel in
                if !admits { channel.close(promise: nil) }
                return admits ? next : nil
            }
            try channel.pipeline.syncOperations.addHandler(gate)
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        func receive(_ text: String) { _ = try? channel.writeInbound(ByteBuffer(string: text)) }
    }

    private let header = "PROXY TCP4 192.0.2.1 198.51.100.1 49152 443\r\n"

    @Test func `a header names the client, and what follows it in the same read goes on`() throws {
        let rig = try Rig(.required)
        rig.receive(header + "GET")
        rig.receive(" /")
        #expect(rig.next.read == "GET /")
        #expect(rig.facts.peer == IPAddress("192.0.2.1"))
        #expect(rig.facts.peerPort == 49152)
        #expect(throws: (any Error).self) { try rig.channel.pipeline.syncOperations.context(handler: rig.gate) }
    }

    @Test func `a header may come byte by byte`() throws {
        let rig = try Rig(.required)
        for byte in header.utf8 { rig.receive(String(decoding: [byte], as: UTF8.self)) }
        rig.receive("rest")
        #expect(rig.next.read == "rest")
        #expect(rig.facts.peer == IPAddress("192.0.2.1"))
    }

    @Test func `an unknown source keeps the socket's address`() throws {
        let rig = try Rig(.required)
        rig.receive("PROXY UNKNOWN\r\nrest")
        #expect(rig.next.read == "rest")
        #expect(rig.facts.peer == IPAddress("10.0.0.1"))
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n", "PROXY TCP4 1.2.3.4\r\n", "\u{16}\u{3}\u{1}"])
    func `a believed peer without a sound header is closed`(start: String) throws {
        let rig = try Rig(.required)
        rig.receive(start)
        #expect(!rig.channel.isActive)
        #expect(rig.reports.refused == [.proxyProto])
        #expect(rig.next.read.isEmpty)
    }

    @Test func `a header of a stranger is closed, other bytes go on`() throws {
        let stranger = try Rig(.forbidden)
        stranger.receive(header + "GET")
        #expect(!stranger.channel.isActive)
        #expect(stranger.reports.refused == [.proxyProto])
        #expect(stranger.next.read.isEmpty)
        #expect(stranger.facts.peer == IPAddress("10.0.0.1"))

        let client = try Rig(.forbidden)
        client.receive("P")
        #expect(client.next.read.isEmpty)
        client.receive("OST /")
        #expect(client.next.read == "POST /")
    }

    @Test func `the deadline closes a peer that sends half a header`() throws {
        let rig = try Rig(.required)
        rig.receive("PROXY ")
        rig.gate.deadlinePassed(.now())
        #expect(!rig.channel.isActive)
        #expect(rig.reports.refused == [.proxyProto])
    }

    @Test func `a connection that ends within a header is reported, one that says nothing is a probe`() throws {
        let rig = try Rig(.required)
        rig.receive("PROXY ")
        rig.channel.pipeline.fireChannelInactive()
        #expect(rig.reports.refused == [.proxyProto])
        let probe = try Rig(.required)
        probe.channel.pipeline.fireChannelInactive()
        #expect(probe.reports.refused.isEmpty)
    }

    @Test func `a client that may not connect gets no further than its header`() throws {
        let rig = try Rig(.required, admits: false)
        rig.receive(header + "GET")
        #expect(!rig.channel.isActive)
        #expect(rig.next.read.isEmpty)
    }
}
