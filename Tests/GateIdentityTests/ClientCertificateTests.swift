import GatePrimitives
import SwiftASN1
import Testing
import X509

@testable import GateIdentity

/// What a certificate says of its holder, and the principal that an identity makes of it.
struct ClientCertificateTests {
    private let root: TestAuthority

    init() throws { root = try TestAuthority("Root") }

    private func certificate(_ subject: DistinguishedName, _ names: [GeneralName] = []) throws -> ClientCertificate {
        try ClientCertificate(der: root.issue(subject: subject, names: names), authorities: "clients.pem")
    }

    private func identity(_ subjects: [String] = [], _ names: [String] = [], ca: String? = nil) throws
        -> CertificateIdentity
    {
        CertificateIdentity(
            name: "machines", subjects: try subjects.map { try SubjectPattern($0) },
            alternativeNames: names.compactMap { AlternativeNamePattern($0) }, authorities: ca)
    }

    @Test func `the subject is written as RFC 4514 has it, in visible ASCII`() throws {
        let plain = try certificate(
            DistinguishedName {
                CountryName("DE")
                OrganizationName("Example")
                CommonName("meter-7")
            })
        #expect(plain.subjectText == "CN=meter-7,O=Example,C=DE")
        #expect(plain.issuerText == "CN=Root")
        let odd = try certificate(DistinguishedName { CommonName(" a,b+\"c\\<>;é\r\n#") })
        #expect(odd.subjectText == #"CN=\ a\,b\+\"c\\\<\>\;\c3\a9\0d\0a#"#)
        #expect(odd.principal(for: try identity(["CN=*"]))?.subject == odd.subjectText)
    }

    @Test func `a principal carries subject, issuer and validity`() throws {
        let found = try #require(
            try certificate(DistinguishedName { CommonName("meter-7") }).principal(for: identity(["CN=meter-*"])))
        #expect(found.subject == "CN=meter-7")
        #expect(found.issuer == "CN=Root")
        #expect(found.identity == "machines")
        #expect(found.scopes.isEmpty)
        #expect(found.validUntil == WallInstant(milliseconds: TestAuthority.now.milliseconds + 86_400_000))
    }

    @Test func `both kinds of pattern must match where both are given`() throws {
        let both = try identity(["CN=meter-*"], ["dns:*.meters.example.com"])
        let name = try DistinguishedName { CommonName("meter-7") }
        #expect(try certificate(name, [.dnsName("a.meters.example.com")]).principal(for: both) != nil)
        #expect(try certificate(name).principal(for: both) == nil)
        #expect(try certificate(name, [.dnsName("a.example.com")]).principal(for: both) == nil)
        let other = try DistinguishedName { CommonName("other") }
        #expect(try certificate(other, [.dnsName("a.meters.example.com")]).principal(for: both) == nil)
    }

    @Test func `without a subject the alternative name that matched is the principal`() throws {
        let spiffe = try certificate(
            DistinguishedName(), [.dnsName("x.test"), .uniformResourceIdentifier("spiffe://example.com/meter/7")])
        let found = spiffe.principal(for: try identity([], ["uri:spiffe://example.com/meter/*"]))
        #expect(found?.subject == "spiffe://example.com/meter/7")
        #expect(spiffe.principal(for: try identity(["CN=*"])) == nil)
    }

    @Test func `an identity with authorities of its own takes nobody else's word`() throws {
        let certificate = try certificate(DistinguishedName { CommonName("meter-7") })
        #expect(certificate.principal(for: try identity(["CN=*"], ca: "clients.pem")) != nil)
        #expect(certificate.principal(for: try identity(["CN=*"], ca: "partners.pem")) == nil)
    }

    @Test func `the answer of a connection is worked out once for each identity`() throws {
        let certificate = try certificate(DistinguishedName { CommonName("meter-7") })
        let one = try identity(["CN=*"])
        #expect(certificate.principal(for: one) === certificate.principal(for: one))
        for _ in 0..<12 { #expect(certificate.principal(for: try identity(["CN=x"])) == nil) }
        #expect(certificate.principal(for: one) != nil)
    }

    @Test func `64 alternative names are read, 65 are refused`() throws {
        let subject = try DistinguishedName { CommonName("a") }
        for (count, passes) in [(63, true), (64, true), (65, false)] {
            let names = (0..<count).map { GeneralName.dnsName("\($0).test") }
            #expect((try? certificate(subject, names).alternativeNames.count) == (passes ? count : nil))
        }
    }

    @Test func `what is no certificate is refused`() throws {
        let der = try root.issue(subject: DistinguishedName { CommonName("a") })
        for count in stride(from: 0, to: der.count, by: 7) {
            #expect(throws: ClientCertificate.Problem.malformed) {
                try ClientCertificate(der: Array(der[..<count]), authorities: "")
            }
        }
    }
}
