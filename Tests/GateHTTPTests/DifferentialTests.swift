import GatePrimitives
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import GateHTTP

/// llhttp, as NIOHTTP1 wraps it, is the oracle: what we accept it accepts, and reads the same.
@Suite struct DifferentialTests {
    /// The head as NIOHTTP1 reads it, or nil where it refuses.
    private func oracle(_ text: String) -> HTTPRequestHead? {
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        do {
            try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
            try channel.connect(to: SocketAddress(unixDomainSocketPath: "/test")).wait()
            try channel.writeInbound(ByteBuffer(string: text))
            guard case .head(let head)? = try channel.readInbound(as: HTTPServerRequestPart.self) else { return nil }
            return head
        } catch {
            return nil
        }
    }

    private static let starts = [
        "GET / HTTP/1.1", "POST /a?b=c HTTP/1.1", "OPTIONS * HTTP/1.1", "GET http://a.example/x HTTP/1.1",
        "GET /a HTTP/1.0", "HEAD /%20 HTTP/1.1",
        "PUT /a HTTP/1.1", "GET /a|b^c HTTP/1.1", "PROPFIND /a HTTP/1.1", "GET /a[1] HTTP/1.1",
    ]
    private static let lines = [
        "Host: example.com", "Accept: */*", "X-Empty:", "X-Space:   a b  ", "X-Tab:\ta\t", "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "Connection: close", "Connection: keep-alive, x-a", "X-A: 1", "X_Odd!#$: 2", "Cookie: a=b; c=d",
        "Content-Length: 05", "x : y", "x: a\u{1}b",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: Chunked", "Expect: 100-continue", "Upgrade: websocket",
        " folded",
    ]

    @Test func whatWeAcceptTheOracleReadsAlike() throws {
        var dice = Dice(seed: 4)
        var compared = 0
        for _ in 0..<2_000 {
            var text = (Self.starts.randomElement(using: &dice) ?? "") + "\r\nHost: a.example\r\n"
            for _ in 0..<Int.random(in: 0...5, using: &dice) {
                text += (Self.lines.randomElement(using: &dice) ?? "") + "\r\n"
            }
            text += "\r\n"
            guard let raw = try? readHead(text), let request = try? VettedRequest.vet(raw) else { continue }
            // llhttp knows a list of methods and upgrades that it reads in ways of its own.
            guard request.upgrade == .none else { continue }
            let head = try #require(oracle(text), "\(text.debugDescription)")
            compared += 1
            #expect(head.method.rawValue == request.methodText)
            #expect(head.headers.count == request.fieldCount)
            for (index, field) in head.headers.enumerated() {
                #expect(field.name.lowercased() == request.nameText(at: index))
                // RFC 9112 §5: white space at the end is no part of a value; llhttp leaves it to its callers.
                let end = field.value.utf8.lastIndex { $0 != 0x20 && $0 != 0x09 }
                #expect(end.map { String(field.value[...$0]) } ?? "" == request.valueText(at: index))
            }
            // With both options NIOHTTP1 keeps the connection, and RFC 9112 §9.3 closes it.
            if !text.contains("Connection: close\r\n") || !text.contains("keep-alive") {
                #expect(head.isKeepAlive == request.keepAlive)
            }
        }
        #expect(compared > 300)
    }
}
