import Foundation
import GateWAF

/// A request of a regression test in its parts, and the response that the test's server would give.
struct RegressionMessage {
    typealias Field = (name: [UInt8], value: [UInt8])

    struct Response {
        var status = 200
        var fields: [Field] = []
        var body: [UInt8] = []
    }

    let request: RawRequest
    let response: Response

    init(_ bytes: [UInt8]) {
        request = RawRequest(bytes)
        let target = String(decoding: bytes[request.target], as: UTF8.self)
        response = target.hasPrefix("/reflect") ? Self.reflected(request.body) : Response()
    }

    var method: String { text(request.method) }
    var target: String { text(request.target) }
    var version: String {
        let name = text(request.protocolName)
        return name.uppercased().hasPrefix("HTTP/") ? String(name.dropFirst(5)) : name.isEmpty ? "0.9" : name
    }
    var body: [UInt8] { request.body }
    var fields: [Field] {
        request.fields.map { (Array(request.bytes[$0.name]), Array(request.bytes[$0.value])) }
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: request.bytes[range], as: UTF8.self) }

    /// The suite's server answers with what the JSON body describes: status, headers, body or encodedBody.
    private static func reflected(_ body: [UInt8]) -> Response {
        var response = Response()
        guard let wanted = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else {
            return response
        }
        response.status = wanted["status"] as? Int ?? 200
        for (name, value) in wanted["headers"] as? [String: String] ?? [:] {
            response.fields.append((Array(name.utf8), Array(value.utf8)))
        }
        if let text = wanted["body"] as? String { response.body = Array(text.utf8) }
        if let text = wanted["encodedBody"] as? String, let data = Data(base64Encoded: text) {
            response.body = Array(data)
        }
        if !response.fields.contains(where: { String(decoding: $0.name, as: UTF8.self).lowercased() == "content-type" })
        {
            response.fields.append((Array("Content-Type".utf8), Array("text/plain; charset=utf-8".utf8)))
        }
        response.fields.append((Array("Content-Length".utf8), Array(String(response.body.count).utf8)))
        return response
    }
}
