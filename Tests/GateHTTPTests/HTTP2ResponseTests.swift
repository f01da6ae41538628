import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

/// The head that a client of HTTP/2 gets, beside that of HTTP/1.1.
@Suite struct HTTP2ResponseTests {
    private func request(_ method: String) throws -> VettedRequest {
        var reader = RequestHeadReader()
        var table = HeadTable()
        var buffer = ByteBuffer(string: "\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")
        guard let raw = try reader.read(&buffer, into: &table) else { throw Fault(.read, .badRequestLine) }
        return try VettedRequest.vet(raw)
    }

    /// The lines, and whether a body follows.
    private func lines(_ text: String, method: String = "GET") throws -> (text: String, hasBody: Bool) {
        let request = try request(method)
        var reader = ResponseHeadReader()
        var table = HeadTable()
        var buffer = ByteBuffer(string: text)
        guard let raw = try reader.read(&buffer, into: &table) else { throw Fault(.relay, .badUpstreamResponse) }
        let response = try VettedResponse.vet(raw, to: request.method, upgrade: .none)
        var own = FieldBlock()
        try own.append("strict-transport-security", "max-age=1")
        let fields = DownstreamFields(
            scheme: .https, requestID: ByteBuffer(string: "id"), own: own, replaced: [],
            edits: try HeaderEdits(set: [("x-set", "1")], remove: ["x-removed"]), backends: BackendAuthorities([]),
            close: true)
        var out = ByteBuffer()
        let hasBody = try response.writeStreamFields(into: &out, answering: request, fields: fields)
        return (String(buffer: out), hasBody)
    }

    @Test func nothingOfTheBackendsConnectionIsPassedOn() throws {
        let result = try lines(
            "HTTP/1.1 200 OK\r\nServer: b\r\nKeep-Alive: 1\r\nConnection: x-hop\r\nX-Hop: 1\r\nX-Removed: 1\r\n"
                + "Transfer-Encoding: chunked\r\nX-Kept: 1\r\n\r\n")
        #expect(
            result.text
                == "X-Kept: 1\r\nstrict-transport-security: max-age=1\r\nx-request-id: id\r\nx-set: 1\r\n")
        #expect(result.hasBody)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", true, "content-length: 5\r\n"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", false, "content-length: 5\r\n"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", false, "content-length: 0\r\n"),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", false, "content-length: 5\r\n"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "GET", false, ""),
        ("HTTP/1.0 200 OK\r\n\r\n", "GET", true, ""),
    ])
    func lengthAndBodyFollowTheResponse(_ head: String, _ method: String, _ hasBody: Bool, _ end: String) throws {
        let result = try lines(head, method: method)
        #expect(result.hasBody == hasBody)
        #expect(result.text.hasSuffix("x-set: 1\r\n" + end))
    }

    @Test func anInterimResponseGetsNothingOfOurs() throws {
        #expect(try lines("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n").text == "Link: x\r\n")
    }
}
