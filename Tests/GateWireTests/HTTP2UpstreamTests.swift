import GateHTTP
import GatePrimitives
import GateUpstreams
import NIOCore
import NIOEmbedded
import Testing

@testable import GateWire

/// Notes what a stream says.
private final class TestUpstream: UpstreamDelegate {
    var heard: [String] = []
    var ends: [String] = []

    func upstreamLeased(_ lease: consuming Lease) {}
    func upstreamUnavailable(_ fault: Fault) {}
    func upstreamInformational(_ response: borrowing VettedResponse) { heard.append("interim \(response.status)") }
    func upstreamHead(_ response: consuming VettedResponse) { heard.append("head \(response.status)") }
    func upstreamBody(_ chunk: ByteBuffer) { heard.append("body \(String(buffer: chunk))") }
    func upstreamReadComplete() {}
    func upstreamWritable() {}

    func upstreamEnd(_ trailers: FieldBlock?) {
        if let trailers { heard.append("trailers \(String(buffer: trailers.bytes))") }
        ends.append("end")
    }

    func upstreamFailed(_ fault: Fault) { ends.append(fault.reason.rawValue) }
}

/// A connection to a backend on an embedded channel, which the test plays frame by frame.
private final class StreamRig {
    let channel = EmbeddedChannel()
    let loop: WireLoop
    let pool: MultiplexedPool
    let connection: HTTP2UpstreamConnection

    init() throws {
        loop = WireLoop(eventLoop: channel.embeddedEventLoop, index: 0)
        var settings = UpstreamSettings(name: "backend", index: 0, endpoints: [])
        settings.protocol = .http2
        pool = MultiplexedPool(settings: settings, loop: loop, resolver: EndpointResolver())
        var random = LoopRandom(seed: 1)
        var machine = MultiplexedPoolStateMachine(
            MultiplexedPoolSettings(),
            balancer: Balancer(.roundRobin, endpoints: [EndpointState()], random: &random))
        guard case .connect(let id, _) = machine.acquire(Attempts(), at: .now()) else {
            throw Fault(.dispatch, .internalError)
        }
        connection = HTTP2UpstreamConnection(id: id, endpoint: 0, settings: settings, loop: loop)
        try channel.pipeline.syncOperations.addHandler(connection)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// A GET on a stream of its own.
    func get(_ delegate: any UpstreamDelegate) -> HTTP2UpstreamStream {
        let stream = HTTP2UpstreamStream(
            on: connection, pool: pool, method: .get, readTimeout: .seconds(5), delegate: delegate)
        stream.writeHead(ErrandHead(target: "/", authority: "a", fields: FieldBlock()))
        stream.writeEnd(nil)
        stream.flush()
        channel.embeddedEventLoop.run()
        return stream
    }

    func receive(_ bytes: [UInt8]) {
        // A channel that was closed takes nothing more: that is no failure of the test.
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }
}

/// The frames of a backend.
private enum Frames {
    static let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
    static func head(_ fields: [UInt8] = [], ends: Bool = false) -> [UInt8] {
        frame(1, ends ? 5 : 4, [0x88] + fields)
    }
    static func data(_ text: String, ends: Bool = false) -> [UInt8] { frame(0, ends ? 1 : 0, Array(text.utf8)) }
    /// `x: 1`, without a place in the table.
    static let field: [UInt8] = [0, 1, 0x78, 1, 0x31]
    static let trailers = frame(1, 5, field)
    static func reset(_ code: UInt8) -> [UInt8] { frame(3, 0, [0, 0, 0, code]) }
    static func goAway(last: UInt8) -> [UInt8] { [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0] }

    private static func frame(_ type: UInt8, _ flags: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, 0, UInt8(payload.count), type, flags, 0, 0, 0, 1] + payload
    }
}

@Suite struct HTTP2UpstreamTests {
    @Test func anAnswerIsHeardPieceByPiece() throws {
        let rig = try StreamRig()
        let client = TestUpstream()
        rig.receive(Frames.settings)
        let stream = rig.get(client)
        #expect(stream.id == 1)
        rig.receive(Frames.head(Frames.field) + Frames.data("one"))
        rig.receive(Frames.data("two"))
        #expect(client.heard == ["head 200", "body one", "body two"])
        rig.receive(Frames.trailers)
        #expect(client.heard.last == "trailers x: 1\r\n")
        #expect(client.ends == ["end"])
        stream.release(.reusable)
    }

    @Test func whatComesWhileTheClientIsSlowerWaitsAndTheEndBehindIt() throws {
        let rig = try StreamRig()
        let client = TestUpstream()
        rig.receive(Frames.settings)
        let stream = rig.get(client)
        rig.receive(Frames.head())
        stream.pause()
        rig.receive(Frames.data("one") + Frames.data("two", ends: true))
        #expect(client.heard == ["head 200"])
        #expect(client.ends.isEmpty)
        // The connection may even be gone by then.
        _ = try? rig.channel.finish()
        stream.resume()
        #expect(client.heard == ["head 200", "body onetwo"])
        #expect(client.ends == ["end"])
        stream.release(.reusable)
    }

    @Test(arguments: [(UInt8(7), true), (0, false), (2, false), (8, false)])
    func onlyARefusedStreamWasNotLookedAt(_ code: UInt8, _ isUnprocessed: Bool) throws {
        let rig = try StreamRig()
        let client = TestUpstream()
        rig.receive(Frames.settings)
        let stream = rig.get(client)
        rig.receive(Frames.reset(code))
        #expect(client.ends == ["upstream_reset"])
        #expect(stream.isUnprocessed == isUnprocessed)
        stream.release(.stale)
    }

    @Test(arguments: [(UInt8(0), true), (1, false)])
    func goAwaySaysWhatWasNotLookedAt(_ last: UInt8, _ isUnprocessed: Bool) throws {
        let rig = try StreamRig()
        let client = TestUpstream()
        rig.receive(Frames.settings)
        let stream = rig.get(client)
        rig.receive(Frames.goAway(last: last))
        #expect(stream.isUnprocessed == isUnprocessed)
        #expect(client.ends == (isUnprocessed ? ["upstream_reset"] : []))
        rig.receive(Frames.head(ends: true))
        #expect(client.ends == [isUnprocessed ? "upstream_reset" : "end"])
        stream.release(.served)
    }

    /// Frames of a good answer, mutated: nothing traps, and every request hears exactly one end.
    @Test func mutatedFramesEndARequestOnceAndNothingElse() throws {
        var random = SystemRandomNumberGenerator()
        let good =
            Frames.head(Frames.field) + Frames.data("hello") + Frames.data("") + Frames.trailers + Frames.settings
        for _ in 0..<3000 {
            let rig = try StreamRig()
            let client = TestUpstream()
            rig.receive(Frames.settings)
            let stream = rig.get(client)
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
                case 2: bytes.remove(at: index)
                default: bytes.insert(contentsOf: bytes[index...].prefix(9), at: index)
                }
            }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            rig.receive(Array(bytes[..<cut]))
            rig.receive(Array(bytes[cut...]))
            _ = try? rig.channel.finish(acceptAlreadyClosed: true)
            #expect(client.ends.count == 1, "\(bytes): \(client.heard) \(client.ends)")
            stream.release(.abandoned)
        }
    }
}
