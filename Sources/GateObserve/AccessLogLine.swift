import GatePrimitives
import NIOCore

/// One exchange as one line of the access log: a JSON object in printable ASCII and a line feed.
///
/// The keys are the contract's; a key whose value is unknown or empty is left out, `status` is always there. Field values
/// of the client never appear but `method`, `host` and `path`; `path` ends before the query, because queries carry
/// secrets (attacks 77).
public struct AccessLogLine {
    /// How many bytes of each text of the client are logged; what is beyond is cut with a mark.
    enum Limits {
        static let method = 32
        static let host = 255
        static let path = 1024
        static let sni = 255
        static let client = 64
        static let principal = 256
    }

    private var time = LogTime()

    /// A renderer; keep one per loop, since it remembers the second's text.
    public init() {}

    /// Appends the line for `record`, whose names come from its own table, with its line feed.
    public mutating func append(_ record: borrowing ExchangeRecord, to output: inout [UInt8]) {
        appendObject(record, to: &output)
        output.append(0x0a)
    }

    /// Appends the line's object alone.
    mutating func appendObject(_ record: borrowing ExchangeRecord, to output: inout [UInt8]) {
        output.appendLiteral("{\"time\":\"")
        time.append(record.time, to: &output)
        output.appendLiteral("\",\"id\":\"")
        output.append(record.id)
        output.appendLiteral("\"")
        output.append(contentsOf: record.connection.members)
        output.appendLiteral(",\"client\":")
        JSONText.append(record.client ?? record.connection.peer, limit: Limits.client, to: &output)
        appendRequest(record, to: &output)
        appendOutcome(record, to: &output)
        appendUpstream(record, to: &output)
        if !record.principal.isEmpty {
            output.appendLiteral(",\"principal\":")
            JSONText.append(record.principal, limit: Limits.principal, to: &output)
        }
        output.appendLiteral(",\"revision\":")
        output.append(contentsOf: record.names.revisionText)
        output.appendLiteral("}")
    }

    private func appendRequest(_ record: borrowing ExchangeRecord, to output: inout [UInt8]) {
        if let route = record.names.routeTexts.at(record.route) {
            output.appendLiteral(",\"route\":")
            output.append(contentsOf: route)
        }
        if record.method.readableBytes > 0 {
            output.appendLiteral(",\"method\":")
            JSONText.append(record.method, limit: Limits.method, to: &output)
        }
        if record.host.readableBytes > 0 {
            output.appendLiteral(",\"host\":")
            JSONText.append(Redaction.withoutUserInfo(record.host), limit: Limits.host, to: &output)
        }
        if record.path.readableBytes > 0 {
            output.appendLiteral(",\"path\":")
            JSONText.append(Redaction.withoutQuery(record.path), limit: Limits.path, to: &output)
        }
        if record.protocol != .unknown {
            output.appendLiteral(",\"protocol\":\"")
            output.appendLiteral(record.protocol.literal)
            output.appendLiteral("\"")
        }
    }

    private func appendOutcome(_ record: borrowing ExchangeRecord, to output: inout [UInt8]) {
        output.appendLiteral(",\"status\":")
        output.appendDecimal(record.status)
        if record.grpcStatus >= 0 {
            output.appendLiteral(",\"grpc_status\":")
            output.appendDecimal(record.grpcStatus)
        }
        if let code = record.reason.code {
            output.appendLiteral(",\"code\":\"")
            output.append(contentsOf: Words.code(code))
            output.appendLiteral("\"")
        }
        output.appendLiteral(",\"reason\":\"")
        output.append(contentsOf: Words.reason(record.reason))
        output.appendLiteral("\",\"step\":\"")
        output.append(contentsOf: Words.step(record.step))
        output.appendLiteral("\"")
        let blame = record.reason.blame
        if blame != .nobody {
            output.appendLiteral(",\"blame\":\"")
            output.append(contentsOf: Words.blame(blame))
            output.appendLiteral("\"")
        }
        output.appendLiteral(",\"bytes_in\":")
        output.appendDecimal(record.bytesIn)
        output.appendLiteral(",\"bytes_out\":")
        output.appendDecimal(record.bytesOut)
        output.appendLiteral(",\"duration_ms\":")
        output.appendMilliseconds(nanoseconds: record.duration.nanoseconds)
    }

    private func appendUpstream(_ record: borrowing ExchangeRecord, to output: inout [UInt8]) {
        guard let upstream = record.names.upstreamTexts.at(record.upstream) else { return }
        output.appendLiteral(",\"upstream\":")
        output.append(contentsOf: upstream)
        if let endpoint = record.names.endpointTexts.at(record.upstream)?.at(record.endpoint) {
            output.appendLiteral(",\"endpoint\":")
            output.append(contentsOf: endpoint)
            output.appendLiteral(",\"upstream_ms\":")
            output.appendMilliseconds(nanoseconds: record.upstreamDuration.nanoseconds)
        }
    }
}
