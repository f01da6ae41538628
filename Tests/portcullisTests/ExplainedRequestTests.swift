import Testing

@testable import portcullis

struct ExplainedRequestTests {
    private func text(_ request: ExplainedRequest) -> String { String(decoding: request.head, as: UTF8.self) }

    @Test func aURLBecomesAHeadWithItsAuthority() throws {
        let request = try ExplainedRequest(
            method: "GET", url: "https://API.example.com:8443/a%2Fb?c=d", headers: ["accept: */*"], body: nil)
        #expect(text(request) == "GET /a%2Fb?c=d HTTP/1.1\r\nhost: API.example.com:8443\r\naccept: */*\r\n\r\n")
        #expect(request.isTLS)
        #expect(request.serverName == "api.example.com")
    }

    @Test func aHostOfTheCallersReplacesTheURLs() throws {
        let request = try ExplainedRequest(method: "GET", url: "http://a/", headers: ["Host: b"], body: nil)
        #expect(text(request) == "GET / HTTP/1.1\r\nHost: b\r\n\r\n")
        #expect(!request.isTLS)
        #expect(request.serverName == nil)
    }

    @Test func aBodyBringsItsLengthUnlessOneIsGiven() throws {
        let request = try ExplainedRequest(method: "POST", url: "http://a/x", headers: [], body: Array("hello".utf8))
        #expect(text(request) == "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n")
        let wrong = try ExplainedRequest(
            method: "POST", url: "http://a/x", headers: ["content-length: 9"], body: Array("hello".utf8))
        #expect(text(wrong) == "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n")
    }

    @Test(arguments: [("http://a", "/"), ("http://a?b", "/?b"), ("http://a/../b", "/../b"), ("http://a//", "//")])
    func thePathIsPassedOnAsItIsWritten(url: String, target: String) throws {
        let request = try ExplainedRequest(method: "GET", url: url, headers: [], body: nil)
        #expect(text(request).hasPrefix("GET \(target) HTTP/1.1\r\n"))
    }

    @Test(arguments: ["https://127.0.0.1/", "https://[::1]:443/"]) func anAddressIsNoServerName(url: String) throws {
        #expect(try ExplainedRequest(method: "GET", url: url, headers: [], body: nil).serverName == nil)
    }

    @Test(arguments: ["", "a", "/a", "ftp://a/", "https://", "https:///a"]) func whatIsNoURLIsRefused(url: String) {
        #expect(throws: ExplainedRequest.Problem.self) {
            try ExplainedRequest(method: "GET", url: url, headers: [], body: nil)
        }
    }
}
