import GatePrimitives
import Testing

@Suite struct RefusalCodeTests {
    /// The table of the documents (docs/protocols.md); attacks 80.
    @Test func aRefusedCallHasTheStatusOfGRPCThatGoesWithItsHTTPStatus() {
        let table = [
            400: 13, 401: 16, 403: 7, 404: 12, 405: 12, 408: 4, 413: 8, 414: 8, 415: 12, 421: 14, 429: 8, 431: 8,
            500: 13, 501: 12, 502: 14, 503: 14, 504: 4, 508: 13,
        ]
        for code in RefusalCode.allCases { #expect(code.grpcStatus == table[code.status], "\(code.word)") }
    }
}
