import GateRouting
import Testing

@Suite struct HostPatternTests {
    @Test func patternsAreExactWildcardOrAny() throws {
        #expect(try HostPattern("*") == .any)
        #expect(try HostPattern("*.example.com") == .wildcard(suffix: ".example.com"))
        #expect(try HostPattern("api.example.com") == .exact("api.example.com"))
        #expect(try HostPattern("192.0.2.1") == .exact("192.0.2.1"))
        #expect(try HostPattern("my_host-1") == .exact("my_host-1"))
    }

    /// attacks 36
    @Test func patternsAreLowercased() throws {
        #expect(try HostPattern("API.Example.COM") == .exact("api.example.com"))
        #expect(try HostPattern("*.Example.COM") == .wildcard(suffix: ".example.com"))
        #expect(try HostPattern("[2001:DB8::1]") == .exact("[2001:db8::1]"))
    }

    @Test func aPatternReadsAsItWasWritten() throws {
        for text in ["*", "*.example.com", "api.example.com", "[2001:db8::1]"] {
            #expect(try HostPattern(text).text == text)
        }
    }

    @Test(arguments: [
        "", "*.", "**", "*example.com", "a.*.com", "*.*.com", "example.com.", "a..b", ".example.com", "a b", "a/b",
        "a@b", "example.com:443", "2001:db8::1", "[2001:db8::1]:443", "[]", "[::1", "[1.2.3.4]", "*.1.2.3.4",
        "*.[::1]", "bücher.example", "a%20b", "a\u{0}b",
    ])
    func whatIsNoHostIsRefusedWithAReason(text: String) {
        let error = #expect(throws: HostPatternError.self) { try HostPattern(text) }
        #expect(error?.message.isEmpty == false)
    }

    @Test func lengthsAreThoseOfTheDomainNameSystem() throws {
        let label = String(repeating: "a", count: 63)
        _ = try HostPattern(label)
        #expect(throws: HostPatternError.self) { try HostPattern(label + "a") }
        let long = [label, label, label, String(repeating: "a", count: 61)].joined(separator: ".")
        #expect(long.utf8.count == 253)
        _ = try HostPattern(long)
        #expect(throws: HostPatternError.self) { try HostPattern(long + "a") }
    }
}
