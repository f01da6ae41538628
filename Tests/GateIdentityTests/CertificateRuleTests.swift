import Testing

@testable import GateIdentity

/// Patterns of subjects and alternative names.
struct CertificateRuleTests {
    private func subject(_ pairs: (String, String)...) -> [ClientCertificate.Attribute] {
        pairs.map { ClientCertificate.Attribute(type: $0.0, value: $0.1) }
    }

    @Test(arguments: [
        ("meter-*", "meter-17", true), ("meter-*", "meter-", true), ("meter-*", "Meter-17", false), ("*", "", true),
        ("*", "anything", true), ("a*b*c", "abc", true), ("a*b*c", "a--b--b--c", true), ("a*b*c", "acb", false),
        ("ab*ba", "aba", false), ("ab*ba", "abba", true), ("exact", "exact", true), ("exact", "exact2", false),
        ("*a*a*", "a", false), ("*a*a*", "xaya", true), ("**", "x", true), ("", "", true), ("", "x", false),
    ])
    func `a star stands for any characters and everything else for itself`(
        pattern: String, text: String, matches: Bool
    ) {
        #expect(WildcardPattern(pattern).matches(text) == matches)
    }

    @Test func `every attribute named must stand once and match`() throws {
        let pattern = try SubjectPattern("CN=meter-*, o=Example")
        #expect(pattern.matches(subject(("O", "Example"), ("CN", "meter-1"))))
        #expect(pattern.matches(subject(("C", "DE"), ("O", "Example"), ("CN", "meter-1"))))
        #expect(!pattern.matches(subject(("CN", "meter-1"))))
        #expect(!pattern.matches(subject(("O", "Other"), ("CN", "meter-1"))))
        #expect(!pattern.matches(subject(("O", "Example"), ("CN", "meter-1"), ("CN", "admin"))))
        #expect(!pattern.matches(subject(("O", "Example"), ("OU", "meter-1"))))
        #expect(!pattern.matches([]))
    }

    @Test func `a value cannot reach into another attribute`() throws {
        let pattern = try SubjectPattern("CN=meter-*")
        #expect(!pattern.matches(subject(("O", "x,CN=meter-1"), ("CN", "admin"))))
        #expect(try SubjectPattern("CN=a\\,b*").matches(subject(("CN", "a,bc"))))
    }

    @Test func `what is no pattern is refused`() {
        for text in ["", "CN", "CN=", "CN=a,"] {
            #expect(throws: SubjectPattern.Problem.noAttribute) { try SubjectPattern(text) }
        }
        for text in ["COMMON=x", "=x"] {
            #expect(throws: SubjectPattern.Problem.unknownType) { try SubjectPattern(text) }
        }
        #expect(throws: SubjectPattern.Problem.twice) { try SubjectPattern("CN=a,cn=b") }
        for text in ["", "dns:", "dns", "DNS:x", "ip:x", "other:x"] { #expect(AlternativeNamePattern(text) == nil) }
    }

    @Test func `an alternative name matches a pattern of its own kind alone`() throws {
        let dns = try #require(AlternativeNamePattern("dns:*.Meters.example.com"))
        #expect(dns.matches(.dns("a.meters.example.com")))
        #expect(!dns.matches(.uri("a.meters.example.com")))
        let uri = try #require(AlternativeNamePattern("uri:spiffe://example.com/meter/*"))
        #expect(uri.matches(.uri("spiffe://example.com/meter/7")))
        #expect(!uri.matches(.uri("spiffe://example.com.evil/meter/7")))
        #expect(!uri.matches(.dns("spiffe://example.com/meter/7")))
    }
}
