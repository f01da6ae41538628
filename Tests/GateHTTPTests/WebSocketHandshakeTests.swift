import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

@Suite struct WebSocketHandshakeTests {
    private static let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
    private static let version = "sec-websocket-version: 13"
    private static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    private func request(_ lines: [String]) throws -> VettedRequest {
        try #require(try vet("GET /chat HTTP/1.1", ["connection: upgrade", "upgrade: websocket"] + lines))
    }

    private func isValid(_ lines: [String]) throws -> Bool { WebSocketHandshake.isValid(try request(lines)) }

    private func answer(_ lines: [String]) throws -> VettedResponse {
        let head = ["HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: websocket"] + lines
        var reader = ResponseHeadReader()
        var table = HeadTable()
        var buffer = ByteBuffer(string: head.joined(separator: "\r\n") + "\r\n\r\n")
        let raw = try #require(try reader.read(&buffer, into: &table))
        return try VettedResponse.vet(raw, to: .get, upgrade: .webSocket)
    }

    private func isAccepted(_ lines: [String], asked: [String] = []) throws -> Bool {
        let accept = Array(Self.accept.utf8)
        return WebSocketHandshake.isAccepted(
            try answer(lines), answering: try request([Self.key, Self.version] + asked), accept: accept.span)
    }

    @Test func aHandshakeHasOneVersionAndOneKey() throws {
        #expect(try isValid([Self.key, Self.version]))
        #expect(try !isValid([Self.key]))
        #expect(try !isValid([Self.version]))
        #expect(try !isValid([Self.key, Self.key, Self.version]))
        #expect(try !isValid([Self.key, Self.version, Self.version]))
        #expect(try !isValid([Self.key, "sec-websocket-version: 8"]))
        #expect(try !isValid([Self.key, "sec-websocket-version: 13, 8"]))
    }

    @Test func aKeyIsSixteenBytes() throws {
        for key in [
            "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZSE=", "-GhlIHNhbXBsZSBub25jZQ==",
            "",
        ] {
            #expect(try !isValid(["sec-websocket-key: \(key)", Self.version]), "\(key)")
        }
    }

    @Test func theAnswerHasTheAcceptOfTheKey() throws {
        let good = "sec-websocket-accept: \(Self.accept)"
        #expect(try isAccepted([good]))
        #expect(try !isAccepted([]))
        #expect(try !isAccepted([good, good]))
        #expect(try !isAccepted(["sec-websocket-accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo="]))
    }

    @Test func subprotocolsAndExtensionsAreAmongTheOffered() throws {
        let good = "sec-websocket-accept: \(Self.accept)"
        let asked = [
            "sec-websocket-protocol: chat, superchat", "sec-websocket-protocol: mqtt",
            "sec-websocket-extensions: permessage-deflate; client_max_window_bits, x-own; a=\"b, c\"",
        ]
        #expect(try isAccepted([good, "sec-websocket-protocol: superchat"], asked: asked))
        #expect(try isAccepted([good, "sec-websocket-protocol: mqtt"], asked: asked))
        #expect(try !isAccepted([good, "sec-websocket-protocol: Chat"], asked: asked))
        #expect(try !isAccepted([good, "sec-websocket-protocol: chat, mqtt"], asked: asked))
        #expect(try !isAccepted([good, "sec-websocket-protocol: chat", "sec-websocket-protocol: mqtt"], asked: asked))
        #expect(try !isAccepted([good, "sec-websocket-protocol: chat"]))
        #expect(
            try isAccepted(
                [good, "sec-websocket-extensions: Permessage-Deflate; server_no_context_takeover"], asked: asked))
        #expect(try isAccepted([good, "sec-websocket-extensions: x-own, permessage-deflate"], asked: asked))
        #expect(try !isAccepted([good, "sec-websocket-extensions: c"], asked: asked))
        #expect(try !isAccepted([good, "sec-websocket-extensions: permessage-deflate"]))
    }

    @Test func extensionsDecideAboutReservedBits() throws {
        func bits(_ lines: [String]) throws -> WebSocketReservedBits {
            WebSocketHandshake.reservedBits(try answer(lines))
        }
        #expect(try bits([]) == .none)
        #expect(try bits(["sec-websocket-extensions: permessage-deflate; server_max_window_bits=10"]) == .deflate)
        #expect(try bits(["sec-websocket-extensions: permessage-deflate", "sec-websocket-extensions: x-own"]) == .any)
    }
}
