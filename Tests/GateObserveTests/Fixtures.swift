import Foundation
import GatePrimitives
import NIOCore

@testable import GateObserve

/// Names, a connection and records for tests.
enum Fixture {
    static let names = NameTable(
        revision: "r1", listeners: ["public", "plain"], routes: ["orders", "users"],
        upstreams: [.init(name: "backend", endpoints: ["10.0.1.5:8080", "10.0.1.6:8080"])], limits: ["perClient"],
        identities: ["staff"])

    static let connection = ConnectionFacts(
        number: 42, listener: 0, names: names, peer: "203.0.113.7", sni: "api.example.com", tls: .tls13)

    static let id = DecisionID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3003)

    /// A served exchange.
    static func record(
        names: NameTable = names, id: DecisionID = id, connection: ConnectionFacts = connection
    ) -> ExchangeRecord {
        var record = ExchangeRecord(
            names: names, connection: connection, id: id, time: WallInstant(milliseconds: 1_767_323_045_678))
        record.method = ByteBuffer(string: "GET")
        record.host = ByteBuffer(string: "api.example.com")
        record.path = ByteBuffer(string: "/orders/7")
        record.protocol = .http11
        record.route = 0
        record.status = 200
        record.bytesIn = 120
        record.bytesOut = 512
        record.duration = TimeSpan(nanoseconds: 12_345_678)
        record.upstream = 0
        record.endpoint = 1
        record.upstreamResult = .ok
        record.upstreamDuration = TimeSpan(nanoseconds: 9_876_543)
        record.tries = 1
        record.principal = "alice"
        return record
    }

    /// The line for `record` as text.
    static func line(_ record: ExchangeRecord) -> String {
        var renderer = AccessLogLine()
        var output = TextBuffer()
        renderer.append(record, to: &output)
        return output.string
    }
}

/// An independent reader of JSON.
enum JSON {
    static func object(_ text: some StringProtocol) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
        return value as? [String: Any] ?? [:]
    }

    static func object(_ buffer: ByteBuffer) throws -> [String: Any] {
        try object(String(buffer: buffer))
    }
}
