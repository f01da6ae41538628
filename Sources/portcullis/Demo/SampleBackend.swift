import GatePrimitives
import GateSupervisor
import Glibc

/// The demo's backend: a small HTTP/1.1 server on one poll loop, for requests that the gateway has vetted.
///
/// | path | answer |
/// |---|---|
/// | `/orders` | a JSON object with what the gateway says of the caller |
/// | `/echo` | the body that was sent |
/// | `/slow` | none |
/// | any other | 404 |
///
/// Not a server for strangers: it trusts its one client's framing and knows `content-length` alone.
struct SampleBackend {
    /// LIMIT: bytes of one request, head and body; beyond it the connection is closed.
    private static let longestRequest = 1 << 20

    private let listener: Int32
    private var pending: [Int32: [UInt8]] = [:]

    /// Listens on a free port of 127.0.0.1, prints `listening on ADDRESS`, and serves until its parent ends.
    static func run() -> Int32 {
        guard Privileges.dieWithParent(getppid()) else { return 1 }
        do throws(SystemError) {
            let address = SocketEndpoint.ip(IPAddress(v4: 0x7f00_0001), port: 0)
            let sockets = try ListeningSocket.open(.init(name: "backend", address: address, sockets: 1))
            guard let socket = sockets.first else { return 1 }
            printOutput("listening on \(socket.address)")
            var backend = SampleBackend(listener: socket.descriptor)
            while true { backend.serveOnce() }
        } catch {
            printError("sample-backend: \(error)")
            return 1
        }
    }

    private init(listener: Int32) { self.listener = listener }

    /// Waits for what can be read, and answers each request that is whole.
    private mutating func serveOnce() {
        var waiting = ([listener] + pending.keys).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // SAFETY: the count is the array's.
        guard unsafe poll(&waiting, nfds_t(waiting.count), -1) > 0 else { return }
        for entry in waiting where entry.revents != 0 {
            if entry.fd == listener { accept() } else { receive(entry.fd) }
        }
    }

    private mutating func accept() {
        let connection = Glibc.accept(listener, nil, nil)
        if connection >= 0 { pending[connection] = [] }
    }

    private mutating func receive(_ connection: Int32) {
        var chunk = [UInt8](repeating: 0, count: 16384)
        // SAFETY: the count is the array's.
        let count = unsafe recv(connection, &chunk, chunk.count, 0)
        guard count > 0, var request = pending[connection] else { return hangUp(connection) }
        request += chunk.prefix(count)
        guard request.count <= Self.longestRequest else { return hangUp(connection) }
        while let length = Self.wholeLength(request) {
            let answer = Self.answer(Array(request.prefix(length)))
            request.removeFirst(length)
            // A path that is never answered: the gateway's read timeout ends the wait.
            guard let answer else { continue }
            guard Self.send(answer, to: connection) else { return hangUp(connection) }
        }
        pending[connection] = request
    }

    private mutating func hangUp(_ connection: Int32) {
        pending[connection] = nil
        close(connection)
    }

    private static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            // SAFETY: `sent` is less than the count, which bounds what is read.
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.send(
                    connection, raw.baseAddress?.advanced(by: sent), raw.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// The bytes of the first request, head and body, or nil while it is not whole.
    private static func wholeLength(_ bytes: [UInt8]) -> Int? {
        guard let end = headLength(bytes) else { return nil }
        let length = field("content-length", in: String(decoding: bytes.prefix(end), as: UTF8.self)).flatMap { Int($0) }
        let whole = end + max(0, length ?? 0)
        return bytes.count >= whole ? whole : nil
    }

    private static func headLength(_ bytes: [UInt8]) -> Int? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard bytes.count >= mark.count else { return nil }
        return (0...(bytes.count - mark.count)).first { bytes[$0..<($0 + mark.count)].elementsEqual(mark) }
            .map { $0 + mark.count }
    }

    private static func field(_ name: String, in head: String) -> String? {
        for line in head.split(whereSeparator: \.isNewline).dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == name {
                return String(parts[1].drop { $0 == " " })
            }
        }
        return nil
    }

    /// The whole answer, or nil for a path that is never answered.
    private static func answer(_ request: [UInt8]) -> [UInt8]? {
        let length = headLength(request) ?? request.count
        let head = String(decoding: request.prefix(length), as: UTF8.self)
        let target = head.split(separator: " ", maxSplits: 2).dropFirst().first ?? ""
        let path = target.prefix { $0 != "?" }
        switch path {
        case "/slow": return nil
        case "/echo": return response("200 OK", "application/octet-stream", Array(request.dropFirst(length)))
        case "/orders":
            let seen = ["x-auth-subject", "x-auth-scopes", "x-forwarded-for", "authorization"].map { name in
                JSONOutput.Member(name, field(name, in: head).map { .text($0) } ?? .null)
            }
            let body = JSONOutput.object([
                .init("orders", .array([.number(1), .number(2)])), .init("seen", .object(seen)),
            ])
            return response("200 OK", "application/json", Array((body.rendered + "\n").utf8))
        default: return response("404 Not Found", "text/plain", Array("no such thing\n".utf8))
        }
    }

    private static func response(_ status: String, _ type: String, _ body: [UInt8]) -> [UInt8] {
        // What a gateway must not let out: the demo shows that it does not.
        let head =
            "HTTP/1.1 \(status)\r\nserver: sample-backend\r\ncontent-type: \(type)\r\ncontent-length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }
}
