import GateHTTP
import GatePattern
import GatePrimitives
import GateRouting
import NIOCore
import Testing

/// A vetted request, through the parser that the gateway uses.
func request(
    _ method: String, _ target: String, host: String = "example.com", _ fields: [(String, String)] = []
) throws -> VettedRequest {
    var text = "\(method) \(target) HTTP/1.1\r\nhost: \(host)\r\n"
    for (name, value) in fields { text += "\(name): \(value)\r\n" }
    return try vetted(Array((text + "\r\n").utf8))
}

/// A vetted request from the bytes of its head.
func vetted(_ head: [UInt8]) throws -> VettedRequest {
    var buffer = ByteBuffer(bytes: head)
    var reader = RequestHeadReader()
    var table = HeadTable()
    return try VettedRequest.vet(#require(try reader.read(&buffer, into: &table)))
}

/// A table and what it answers, routes by their names.
struct Routes {
    let rules: [RouteRule]
    let table: RouteTable
    let scratch: MatchScratch

    /// What a table answers, in a form that reads well in a test.
    enum Answer: Equatable {
        case route(String)
        case preflight(String)
        case notFound
        case allow(String)
        case refused(String)
    }

    init(_ rules: [RouteRule], limits: MatchLimits = MatchLimits()) throws {
        self.rules = rules
        table = try RouteTable.compile(rules)
        scratch = MatchScratch(limits: limits)
    }

    func answer(_ request: VettedRequest) -> Answer {
        var request = request
        return answer(&request)
    }

    func answer(_ request: inout VettedRequest) -> Answer {
        switch table.match(&request, in: scratch) {
        case .route(let index): .route(rules[index].name)
        case .preflight(let index): .preflight(rules[index].name)
        case .notFound: .notFound
        case .methodNotAllowed(let methods): .allow(table.allow(methods))
        case .refused(let fault): .refused(fault.reason.rawValue)
        }
    }

    func answer(
        _ method: String, _ target: String, host: String = "example.com", _ fields: [(String, String)] = []
    ) throws -> Answer {
        answer(try request(method, target, host: host, fields))
    }

    func answer(_ target: String, host: String = "example.com", _ fields: [(String, String)] = []) throws -> Answer {
        try answer("GET", target, host: host, fields)
    }
}
