import GatePrimitives
import SwiftASN1
import Testing
import X509

@testable import GateIdentity

/// What is checked of a client's certificate after every handshake: attacks 39, 82.
struct ClientAuthoritiesTests {
    private let root: TestAuthority
    private let middle: TestAuthority

    init() throws {
        root = try TestAuthority("Root")
        middle = try TestAuthority("Middle", below: root)
    }

    private func authorities(
        _ members: [TestAuthority], lists: [[UInt8]]? = nil
    ) throws -> ClientAuthorities {
        let text = lists.map { lists in
            Array(
                lists.map { PEMDocument(type: "X509 CRL", derBytes: $0).pemString }.joined(separator: "\n").utf8)
        }
        return try ClientAuthorities(
            path: "clients.pem", bundle: Array(try members.map { try $0.pem }.joined(separator: "\n").utf8),
            lists: text)
    }

    private func reason(
        _ authorities: ClientAuthorities, _ certificate: ClientCertificate, at now: WallInstant = TestAuthority.now
    ) -> Reason? {
        do throws(Fault) {
            try authorities.check(certificate, at: now)
            return nil
        } catch { return error.reason }
    }

    private func later(_ seconds: Int64) -> WallInstant {
        WallInstant(milliseconds: TestAuthority.now.milliseconds + seconds * 1000)
    }

    @Test func `a certificate is good from its first instant until just before its last`() throws {
        let all = try authorities([root])
        let certificate = try root.client(ends: 100)
        for (seconds, expected) in [
            (-3601, .tlsCertificateExpired), (-3600, nil), (0, nil), (99, nil), (100, .tlsCertificateExpired),
        ] as [(Int64, Reason?)] {
            #expect(reason(all, certificate, at: later(seconds)) == expected, "\(seconds)")
        }
    }

    @Test func `usages that do not allow a TLS client refuse it`() throws {
        let all = try authorities([root])
        #expect(reason(all, try root.client(extended: [.serverAuth])) == .tlsCertificateInvalid)
        #expect(reason(all, try root.client(usage: KeyUsage(keyEncipherment: true))) == .tlsCertificateInvalid)
        #expect(reason(all, try root.client(usage: KeyUsage(digitalSignature: true), extended: nil)) == nil)
        #expect(reason(all, try root.client(extended: [.any])) == nil)
    }

    @Test func `a revoked serial is refused and its neighbours are not`() throws {
        let all = try authorities([root], lists: [try root.list(.init(serials: [7, 300]))])
        #expect(reason(all, try root.client(serial: 7)) == .tlsCertificateRevoked)
        #expect(reason(all, try root.client(serial: 300)) == .tlsCertificateRevoked)
        for serial: UInt64 in [6, 8, 299, 301, 0x0107] { #expect(reason(all, try root.client(serial: serial)) == nil) }
    }

    @Test func `a list that has become stale lets nobody in`() throws {
        let all = try authorities([root], lists: [try root.list(.init(ends: 3600))])
        #expect(all.listsEnd == later(3600))
        let certificate = try root.client()
        #expect(reason(all, certificate, at: later(3599)) == nil)
        #expect(reason(all, certificate, at: later(3600)) == .tlsRevocationUnknown)
    }

    @Test func `every authority below the root needs a list`() throws {
        let client = try middle.client(serial: 9)
        let lists = (root: try root.list(), middle: try middle.list())
        #expect(reason(try authorities([root, middle]), client) == nil)
        #expect(reason(try authorities([root, middle], lists: [lists.root, lists.middle]), client) == nil)
        #expect(reason(try authorities([root, middle], lists: [lists.middle]), client) == .tlsRevocationUnknown)
        #expect(reason(try authorities([root, middle], lists: [lists.root]), client) == .tlsRevocationUnknown)
        // The authority came with the client and is in no bundle: nobody knows its list.
        #expect(reason(try authorities([root], lists: [lists.root]), client) == .tlsRevocationUnknown)
    }

    @Test func `a revoked authority takes its clients with it`() throws {
        let client = try middle.client(serial: 9)
        for (serials, expected) in [([1000], .tlsCertificateRevoked), ([9], nil)] as [([UInt64], Reason?)] {
            let lists = [try root.list(.init(serials: serials)), try middle.list()]
            #expect(reason(try authorities([root, middle], lists: lists), client) == expected, "\(serials)")
        }
    }

    @Test func `a list of a stranger, or with a broken signature, is refused`() throws {
        let stranger = try TestAuthority("Stranger")
        let impostor = try TestAuthority("Root")
        for list in [
            try stranger.list(), try impostor.list(), try root.list(.init(spoilsSignature: true)),
        ] {
            #expect(throws: ClientAuthorities.Problem.self) { try authorities([root], lists: [list]) }
        }
    }

    @Test func `lists that say less than they seem to are refused`() throws {
        let shapes: [TestAuthority.ListShape] = [
            .init(ends: nil), .init(version: 2), .init(extensions: [([2, 5, 29, 27], true)]),
            .init(extensions: [([2, 5, 29, 28], true)]), .init(extensions: [([1, 2, 3], true)]),
            .init(serials: [1], entryExtensions: [([2, 5, 29, 29], true)]),
            .init(algorithm: [1, 2, 840, 10045, 4, 1]), .init(innerAlgorithm: [1, 2, 840, 10045, 4, 3, 3]),
        ]
        for shape in shapes {
            #expect(throws: RevocationList.Problem.self, "\(shape)") { try RevocationList(der: try root.list(shape)) }
        }
        let unknown = TestAuthority.ListShape(serials: [1], extensions: [([1, 2, 3], false)], entryExtensions: [])
        #expect(throws: Never.self) { try RevocationList(der: try root.list(unknown)) }
        #expect(throws: Never.self) { try RevocationList(der: try root.list(.init(version: nil, extensions: []))) }
    }

    @Test func `a list cut short or with a byte changed is never one of more than it was`() throws {
        let der = try root.list(.init(serials: [7]))
        for count in 0..<der.count {
            #expect(throws: RevocationList.Problem.self, "\(count)") { try RevocationList(der: Array(der[..<count])) }
        }
        for index in der.indices {
            var changed = der
            changed[index] ^= 0x41
            guard let list = try? RevocationList(der: changed) else { continue }
            #expect(!list.isIssued(by: root.certificate), "byte \(index)")
        }
    }

    @Test func `of two lists of an authority the newer one counts`() throws {
        let old = try root.list(.init(begins: -600, serials: []))
        let new = try root.list(.init(begins: -60, serials: [7]))
        for lists in [[old, new], [new, old]] {
            #expect(reason(try authorities([root], lists: lists), try root.client(serial: 7)) == .tlsCertificateRevoked)
        }
    }

    @Test func `a bundle holds authorities alone`() throws {
        let leaf = try TestAuthority("Leaf", below: root, isAuthority: false)
        #expect(throws: ClientAuthorities.Problem.self) { try authorities([root, leaf]) }
        #expect(throws: ClientAuthorities.Problem.noAuthority) { try authorities([]) }
        #expect(throws: ClientAuthorities.Problem.noList) { try authorities([root], lists: []) }
    }
}
