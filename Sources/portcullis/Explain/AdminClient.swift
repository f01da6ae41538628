import GatePrimitives
import GateSupervisor
import Glibc

/// One GET to the admin interface of a running gateway.
enum AdminClient {
    /// An answer.
    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    /// LIMIT: bytes of an answer, and seconds of silence.
    private static let longestAnswer = 16 << 20
    private static let patience = timeval(tv_sec: 5, tv_usec: 0)

    /// Asks for `path` at `endpoint`, with `token` where the interface wants one.
    static func get(_ path: String, from endpoint: SocketEndpoint, token: String? = nil) throws -> Answer {
        let connection = try endpoint.connect()
        defer { close(connection) }
        var patience = patience
        // SAFETY: the option's value is the timeval whose size is passed.
        _ = unsafe setsockopt(
            connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let host = if case .unix = endpoint { "localhost" } else { endpoint.description }
        let authorization = token.map { "authorization: Bearer \($0)\r\n" } ?? ""
        let request = Array("GET \(path) HTTP/1.1\r\nhost: \(host)\r\n\(authorization)connection: close\r\n\r\n".utf8)
        // SAFETY: the count is the array's.
        let sent = unsafe request.withUnsafeBytes { raw in
            unsafe send(connection, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == request.count else { throw SystemError("cannot ask \(endpoint)", number: errno) }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            // SAFETY: the count is the array's.
            let count = unsafe recv(connection, &chunk, chunk.count, 0)
            if count == 0 { break }
            guard count > 0, answer.count < longestAnswer else {
                throw SystemError("no whole answer from \(endpoint)", number: count < 0 ? errno : EMSGSIZE)
            }
            answer += chunk.prefix(count)
        }
        return try parse(answer, endpoint)
    }

    private static func parse(_ bytes: [UInt8], _ endpoint: SocketEndpoint) throws -> Answer {
        guard let end = bytes.firstRange(of: [13, 10, 13, 10]) else {
            throw SystemError("no answer from \(endpoint)", number: EPROTO)
        }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        guard let status = head.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw SystemError("no answer from \(endpoint)", number: EPROTO)
        }
        return Answer(status: status, body: Array(bytes[end.upperBound...]))
    }
}
