import GatePrimitives
import SwiftASN1
import X509

/// A certificate revocation list (RFC 5280 §5) of one authority: complete, direct, and with an end.
///
/// Anything that would make it say less than it seems to is refused: delta lists, lists of a part of the certificates,
/// lists of others' certificates, and every critical extension that is not known.
struct RevocationList: Sendable {
    /// Why bytes are no list that can be used.
    enum Problem: String, Error, Sendable {
        /// Not the structure of a list.
        case malformed = "is not a revocation list"
        /// Without `nextUpdate` nobody could tell when it is stale.
        case noEnd = "has no nextUpdate"
        /// A critical extension that is not known: a delta, partial or indirect list above all.
        case unknownExtension =
            "has a critical extension that is not supported: only complete lists of one authority are"
        /// A signature algorithm that is not accepted, SHA-1 above all.
        case algorithm = "is signed with an algorithm that is not accepted"
    }

    let issuer: DistinguishedName
    /// When it was issued.
    let begins: WallInstant
    /// From when on it is stale.
    let ends: WallInstant
    /// The serial numbers that are revoked, each as the bytes of its integer.
    let serials: Set<ArraySlice<UInt8>>

    private let signed: ArraySlice<UInt8>
    private let signature: ArraySlice<UInt8>
    private let algorithm: Certificate.SignatureAlgorithm

    /// The list in DER.
    init(der: [UInt8]) throws(Problem) {
        do {
            let parts = try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
                (nodes.next(), nodes.next(), nodes.next())
            }
            guard let list = parts.0, let outer = parts.1, let value = parts.2 else { throw Problem.malformed }
            let fields = try Fields(list)
            // RFC 5280 §5.1.1.2: the algorithm inside the signature is the one outside.
            guard fields.algorithm.encodedBytes == outer.encodedBytes else { throw Problem.malformed }
            guard let algorithm = try Self.algorithm(outer) else { throw Problem.algorithm }
            guard let ends = fields.ends else { throw Problem.noEnd }
            let bits = try ASN1BitString(derEncoded: value)
            guard bits.paddingBits == 0 else { throw Problem.malformed }
            self.algorithm = algorithm
            self.ends = ends
            issuer = fields.issuer
            begins = fields.begins
            serials = fields.serials
            signed = list.encodedBytes
            signature = bits.bytes
        } catch let problem as Problem {
            throw problem
        } catch { throw .malformed }
    }

    /// Whether `authority` is the one that issued it and may (RFC 5280 §6.3.3 (f), (g)).
    func isIssued(by authority: Certificate) -> Bool {
        guard authority.subject == issuer else { return false }
        if let usage = try? authority.extensions.keyUsage, !usage.cRLSign { return false }
        return authority.publicKey.isValidSignature(signature, for: signed, signatureAlgorithm: algorithm)
    }

    private static func algorithm(_ node: ASN1Node) throws -> Certificate.SignatureAlgorithm? {
        let identifier = try DER.sequence(node, identifier: .sequence) { nodes in
            let identifier = try ASN1ObjectIdentifier(derEncoded: &nodes)
            // NULL, or nothing: none of these algorithms has parameters.
            _ = nodes.next()
            return identifier
        }
        switch identifier {
        case [1, 2, 840, 10045, 4, 3, 2]: return .ecdsaWithSHA256
        case [1, 2, 840, 10045, 4, 3, 3]: return .ecdsaWithSHA384
        case [1, 2, 840, 10045, 4, 3, 4]: return .ecdsaWithSHA512
        case [1, 2, 840, 113549, 1, 1, 11]: return .sha256WithRSAEncryption
        case [1, 2, 840, 113549, 1, 1, 12]: return .sha384WithRSAEncryption
        case [1, 2, 840, 113549, 1, 1, 13]: return .sha512WithRSAEncryption
        case [1, 3, 101, 112]: return .ed25519
        default: return nil
        }
    }
}

extension RevocationList {
    /// The fields of a `TBSCertList` (RFC 5280 §5.1.2).
    private struct Fields {
        let algorithm: ASN1Node
        let issuer: DistinguishedName
        let begins: WallInstant
        let ends: WallInstant?
        let serials: Set<ArraySlice<UInt8>>

        init(_ list: ASN1Node) throws {
            var fields = Self.Reader()
            try DER.sequence(list, identifier: .sequence) { nodes in try fields.read(&nodes) }
            guard let algorithm = fields.algorithm, let issuer = fields.issuer, let begins = fields.begins else {
                throw Problem.malformed
            }
            self.algorithm = algorithm
            self.issuer = issuer
            self.begins = begins
            ends = fields.ends
            serials = fields.serials
        }

        private struct Reader {
            var algorithm: ASN1Node?
            var issuer: DistinguishedName?
            var begins: WallInstant?
            var ends: WallInstant?
            var serials: Set<ArraySlice<UInt8>> = []

            mutating func read(_ nodes: inout ASN1NodeCollection.Iterator) throws {
                var next = nodes.next()
                if let node = next, node.identifier == .integer {
                    // Version 2; only then are there extensions.
                    guard try Int(derEncoded: node) == 1 else { throw Problem.malformed }
                    next = nodes.next()
                }
                algorithm = next
                guard let name = nodes.next(), let time = nodes.next() else { throw Problem.malformed }
                issuer = try DistinguishedName(derEncoded: name)
                begins = try WallInstant(derEncoded: time)
                next = nodes.next()
                if let node = next, node.identifier == .utcTime || node.identifier == .generalizedTime {
                    ends = try WallInstant(derEncoded: node)
                    next = nodes.next()
                }
                if let node = next, node.identifier == .sequence {
                    try readEntries(node)
                    next = nodes.next()
                }
                if let node = next {
                    guard node.identifier == ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific) else {
                        throw Problem.malformed
                    }
                    try DER.explicitlyTagged(node, tagNumber: 0, tagClass: .contextSpecific) { node in
                        // Authority key identifier, issuer's alternative name, number, freshest list: none of them
                        // changes what the list covers.
                        try Self.checkExtensions(node, known: [35, 18, 20, 46])
                    }
                }
            }

            private mutating func readEntries(_ node: ASN1Node) throws {
                try DER.sequence(node, identifier: .sequence) { entries in
                    while let entry = entries.next() {
                        let serial = try DER.sequence(entry, identifier: .sequence) { nodes in
                            let serial = try ArraySlice<UInt8>(derEncoded: &nodes)
                            guard let time = nodes.next() else { throw Problem.malformed }
                            _ = try WallInstant(derEncoded: time)
                            // Reason, invalidity date: neither makes the certificate valid. `certificateIssuer` is
                            // critical, and so refused.
                            if let extensions = nodes.next() {
                                try Self.checkExtensions(extensions, known: [21, 24])
                            }
                            return serial
                        }
                        serials.insert(serial)
                    }
                }
            }

            /// Refuses a critical extension that is not `2.5.29.N` with a known N.
            private static func checkExtensions(_ node: ASN1Node, known: [UInt]) throws {
                try DER.sequence(node, identifier: .sequence) { extensions in
                    while let one = extensions.next() {
                        try DER.sequence(one, identifier: .sequence) { nodes in
                            let identifier = try ASN1ObjectIdentifier(derEncoded: &nodes)
                            let isCritical = try DER.decodeDefault(&nodes, defaultValue: false)
                            _ = try ASN1OctetString(derEncoded: &nodes)
                            let isKnown = known.contains { identifier == [2, 5, 29, $0] }
                            guard isKnown || !isCritical else { throw Problem.unknownExtension }
                        }
                    }
                }
            }
        }
    }
}

extension WallInstant {
    /// RFC 5280 §4.1.2.5: UTCTime or GeneralizedTime.
    fileprivate init(derEncoded node: ASN1Node) throws {
        if node.identifier == .utcTime {
            let time = try UTCTime(derEncoded: node)
            self = Self.at(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
        } else {
            let time = try GeneralizedTime(derEncoded: node)
            self = Self.at(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
        }
    }

    /// Days of the proleptic Gregorian calendar, counted from March so that a leap day is a year's last.
    private static func at(
        _ year: Int, _ month: Int, _ day: Int, _ hours: Int, _ minutes: Int, _ seconds: Int
    ) -> WallInstant {
        let (year, month) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468
        return WallInstant(milliseconds: Int64(((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)
    }
}
