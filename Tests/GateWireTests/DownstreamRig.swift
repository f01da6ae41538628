import GateHTTP
import GatePrimitives
import NIOCore
import NIOEmbedded

@testable import GateWire

/// Handles the requests of one connection as a test says, and notes what it heard.
final class TestDelegate: DownstreamDelegate {
    private(set) var heard: [String] = []
    /// What to do with a request; without it a 204 is answered at once.
    var onRequest: ((DownstreamConnection, VettedRequest) -> Void)?
    unowned let connection: DownstreamConnection

    init(_ connection: DownstreamConnection) { self.connection = connection }

    func downstreamRequest(_ request: consuming VettedRequest) {
        heard.append("\(request.methodText) \(request.pathText)")
        if let onRequest { onRequest(connection, request) } else { answer() }
    }

    func answer(_ status: Int = 204, _ body: String = "", closes: Bool = false) {
        connection.writeAnswer(
            LocalAnswer(status: status, fields: ByteBuffer(), body: ByteBuffer(string: body), closes: closes),
            to: .get)
        connection.endExchange()
    }

    func downstreamRefused(_ fault: Fault, raw: RawHead?) {
        heard.append("refused \(fault.reason.rawValue)")
        answer(fault.code.status, closes: true)
    }

    func downstreamBody(_ chunk: ByteBuffer) { heard.append("body \(String(buffer: chunk))") }
    func downstreamBodyEnd(_ trailers: FieldBlock?) {
        heard.append("end")
        if let trailers { heard.append("trailers \(String(buffer: trailers.bytes))") }
    }
    func downstreamBodyFailed(_ fault: Fault) { heard.append("failed \(fault.reason.rawValue)") }
    func downstreamWritable() { heard.append("writable") }
    func downstreamClosed(_ reason: Reason) { heard.append("closed \(reason.rawValue)") }
}

/// A connection on an embedded channel, with its delegate.
final class DownstreamRig {
    let channel = EmbeddedChannel()
    let loop: WireLoop
    let connection: DownstreamConnection
    let delegate: TestDelegate
    private(set) var closes = 0

    init(_ change: (inout ListenerSettings) -> Void = { _ in }) throws {
        var settings = ListenerSettings(
            index: 0, tls: nil, headLimits: .standard, timeouts: DownstreamTimeouts(), maximumConnections: 10)
        change(&settings)
        loop = WireLoop(eventLoop: channel.embeddedEventLoop, index: 0)
        let facts = AcceptedConnection(id: 1, listener: 0, peer: IPAddress("192.0.2.1"), peerPort: 1)
        connection = DownstreamConnection(channel: channel, facts: facts, settings: settings, loop: loop)
        delegate = TestDelegate(connection)
        connection.delegate = delegate
        try channel.pipeline.syncOperations.addHandler(connection)
        connection.onClose = { [weak self] in self?.closes += 1 }
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// What arrives in one read.
    func receive(_ text: String) throws { _ = try channel.writeInbound(ByteBuffer(string: text)) }

    /// What was written since the last call.
    func sent() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    /// The statuses of the answers among what was written since the last call.
    func statuses() throws -> [Int] {
        try sent().split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
    }

    /// Lets the deadline that is set pass.
    func pass(_ span: TimeSpan) { connection.deadlinePassed(MonotonicInstant.now().advanced(by: span)) }
}
