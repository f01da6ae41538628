import GatePrimitives
import NIOCore

/// One exchange as one line of the access log: a JSON object in printable ASCII and a line feed.
///
/// The keys are the contract's; a key whose value is unknown or empty is left out, `status` is always there. Field values
/// of the client never appear but `method`, `host` and `path`; `path` ends before the query, because queries carry
/// secrets (attacks 77). Keep one per loop: it remembers the second's text.
struct AccessLogLine: ~Copyable {
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

    /// Appends the line for `record`, whose names come from its own table, with its line feed.
    mutating func append(_ record: borrowing ExchangeRecord, to output: inout TextBuffer) {
        appendObject(record, to: &output)
        output.append(0x0a as UInt8)
    }

    /// Appends the line's object alone.
    mutating func appendObject(_ record: borrowing ExchangeRecord, to output: inout TextBuffer) {
        output.append(literal: "{\"time\":\"")
        time.append(record.time, to: &output)
        output.append(literal: "\",\"id\":\"")
        output.append(record.id)
        output.append(literal: "\"")
        output.append(record.connection.members)
        output.append(literal: ",\"client\":")
        JSONText.append(record.client ?? record.connection.peer, limit: Limits.client, to: &output)
        appendRequest(record, to: &output)
        appendOutcome(record, to: &output)
        appendUpstream(record, to: &output)
        if !record.principal.isEmpty {
            output.append(literal: ",\"principal\":")
            JSONText.append(record.principal, limit: Limits.principal, to: &output)
        }
        record.inspection.appendMembers(to: &output)
        output.append(record.names.revisionMember)
        output.append(literal: "}")
    }

    private func appendRequest(_ record: borrowing ExchangeRecord, to output: inout TextBuffer) {
        if let member = record.names.routeMembers.at(record.route) { output.append(member) }
        if record.method.readableBytes > 0 {
            output.append(literal: ",\"method\":")
            JSONText.append(record.method, limit: Limits.method, to: &output)
        }
        if record.host.readableBytes > 0 {
            output.append(literal: ",\"host\":")
            JSONText.append(Redaction.withoutUserInfo(record.host), limit: Limits.host, to: &output)
        }
        if record.path.readableBytes > 0 {
            output.append(literal: ",\"path\":")
            JSONText.append(Redaction.withoutQuery(record.path), limit: Limits.path, to: &output)
        }
        if record.protocol != .unknown {
            output.append(literal: ",\"protocol\":\"")
            output.append(literal: record.protocol.literal)
            output.append(literal: "\"")
        }
        if record.isWebSocket { output.append(literal: ",\"upgrade\":\"websocket\"") }
    }

    private func appendOutcome(_ record: borrowing ExchangeRecord, to output: inout TextBuffer) {
        output.append(literal: ",\"status\":")
        output.append(record.status)
        if record.grpcStatus >= 0 {
            output.append(literal: ",\"grpc_status\":")
            output.append(record.grpcStatus)
        }
        output.append(Words.outcome(record.reason, record.step))
        output.append(literal: ",\"bytes_in\":")
        output.append(record.bytesIn)
        output.append(literal: ",\"bytes_out\":")
        output.append(record.bytesOut)
        output.append(literal: ",\"duration_ms\":")
        output.append(milliseconds: record.duration.nanoseconds)
    }

    private func appendUpstream(_ record: borrowing ExchangeRecord, to output: inout TextBuffer) {
        if let member = record.names.endpointMembers.at(record.upstream)?.at(record.endpoint) {
            output.append(member)
            if record.upstreamProtocol != .unknown {
                output.append(literal: ",\"upstream_protocol\":\"")
                output.append(literal: record.upstreamProtocol.literal)
                output.append(literal: "\"")
            }
            output.append(literal: ",\"upstream_ms\":")
            output.append(milliseconds: record.upstreamDuration.nanoseconds)
        } else if let member = record.names.upstreamMembers.at(record.upstream) {
            output.append(member)
        }
    }
}
