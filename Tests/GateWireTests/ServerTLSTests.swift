import GatePrimitives
import NIOSSL
import Testing

@testable import GateWire

/// Which certificate stands for which name.
@Suite struct ServerTLSTests {
    private func tls(defaultIndex: Int? = nil, both: Bool = true, protocols: [String] = ["http/1.1"]) throws
        -> ServerTLS
    {
        let first = try TestCertificates.load()
        let second = try TestCertificates.load(TestCertificates.otherChain, TestCertificates.otherKey)
        return try ServerTLS(
            certificates: both ? [first, second] : [first], defaultIndex: defaultIndex, protocols: protocols)
    }

    @Test func anExactNameThenAWildcardOfOneLabelThenNobody() throws {
        let tls = try tls()
        #expect(tls.certificate(for: "api.example.com") == 0)
        #expect(tls.certificate(for: "other.test") == 1)
        #expect(tls.certificate(for: "any.example.com") == 0)
        #expect(tls.certificate(for: "upper.example.net") == 0)
        for unknown in [
            "example.com", "a.b.example.com", ".example.com", "example.org", "", "a", ".", "..", "127.0.0.2",
            "api.example.com.", "xother.test",
        ] { #expect(tls.certificate(for: unknown) == nil) }
    }

    @Test func withoutANameTheDefaultOrTheOnlyOneStands() throws {
        #expect(try tls(both: false).certificate(for: nil) == 0)
        #expect(try tls().certificate(for: nil) == nil)
        #expect(try tls(defaultIndex: 1).certificate(for: nil) == 1)
    }

    @Test func protocolsHaveToMeet() throws {
        let tls = try tls()
        #expect(tls.accepts(nil))
        #expect(tls.accepts(["h2", "http/1.1"]))
        #expect(!tls.accepts(["h2"]))
        #expect(!tls.accepts(["acme-tls/1"]))
        #expect(try !self.tls(protocols: ["h2"]).accepts(nil))
    }

    @Test func aCertificateCoversItsNamesAndNothingElse() throws {
        let certificate = try TestCertificates.load()
        for host in [
            "api.example.com", "x.example.com", "upper.example.net", "127.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]",
        ] { #expect(certificate.covers(host)) }
        for host in ["example.com", "a.b.example.com", ".example.com", "", "[::2]", "[]", "[", "127.0.0.2", "com"] {
            #expect(!certificate.covers(host))
        }
    }

    @Test func aCertificateThatCannotBeUsedSaysWhy() throws {
        #expect(throws: ServerCertificate.Problem.keyMismatch) {
            try TestCertificates.load(TestCertificates.chain, TestCertificates.otherKey)
        }
        #expect(throws: ServerCertificate.Problem.expired) {
            try TestCertificates.load(now: WallInstant(milliseconds: 5_000_000_000_000))
        }
        #expect(throws: ServerCertificate.Problem.self) { try TestCertificates.load("nothing", TestCertificates.key) }
        #expect(throws: ServerCertificate.Problem.self) { try TestCertificates.load(TestCertificates.chain, "nothing") }
    }
}
