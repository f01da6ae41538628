import Crypto
import FoundationEssentials
import GatePrimitives
import SwiftASN1
import X509

@testable import GateIdentity

/// An authority that a test makes, with certificates and revocation lists from it.
struct TestAuthority {
    let key = P256.Signing.PrivateKey()
    let certificate: Certificate
    /// The instant that all validities are counted from.
    static let now = WallInstant(milliseconds: 1_800_000_000_000)

    /// A root, or an authority below another.
    init(
        _ name: String, below parent: TestAuthority? = nil, serial: UInt64 = 1000, isAuthority: Bool = true
    ) throws {
        let subject = try DistinguishedName { CommonName(name) }
        certificate = try Certificate(
            version: .v3, serialNumber: .init(serial), publicKey: .init(key.publicKey),
            notValidBefore: Self.date(-3600), notValidAfter: Self.date(86_400 * 30),
            issuer: parent?.certificate.subject ?? subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: .init {
                if isAuthority {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                } else {
                    Critical(BasicConstraints.notCertificateAuthority)
                }
            }, issuerPrivateKey: .init(parent?.key ?? key))
    }

    static func date(_ seconds: Double) -> Date {
        Date(timeIntervalSince1970: Double(now.seconds) + seconds)
    }

    /// A client's certificate in DER.
    func issue(
        serial: UInt64 = 7, subject: DistinguishedName, names: [GeneralName] = [], ends: Double = 86_400,
        usage: KeyUsage? = nil, extended: [ExtendedKeyUsage.Usage]? = [.clientAuth]
    ) throws -> [UInt8] {
        let issued = try Certificate(
            version: .v3, serialNumber: .init(serial), publicKey: .init(P256.Signing.PrivateKey().publicKey),
            notValidBefore: Self.date(-3600), notValidAfter: Self.date(ends), issuer: certificate.subject,
            subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try .init {
                if !names.isEmpty { SubjectAlternativeNames(names) }
                if let usage { Critical(usage) }
                if let extended { try ExtendedKeyUsage(extended) }
            }, issuerPrivateKey: .init(key))
        var serializer = DER.Serializer()
        try serializer.serialize(issued)
        return serializer.serializedBytes
    }

    /// A client's certificate as the handshake leaves it.
    func client(
        serial: UInt64 = 7, _ name: String = "meter-7", ends: Double = 86_400, usage: KeyUsage? = nil,
        extended: [ExtendedKeyUsage.Usage]? = [.clientAuth]
    ) throws -> ClientCertificate {
        try ClientCertificate(
            der: issue(
                serial: serial, subject: DistinguishedName { CommonName(name) }, ends: ends, usage: usage,
                extended: extended), authorities: "clients.pem")
    }

    var pem: String {
        get throws { try certificate.serializeAsPEM().pemString }
    }

    /// How a list differs from a sound one.
    struct ListShape {
        var begins = -60.0
        var ends: Double? = 3600
        var serials: [UInt64] = []
        var version: Int? = 1
        /// Extensions of the list: identifier and whether it is critical.
        var extensions: [(ASN1ObjectIdentifier, Bool)] = [([2, 5, 29, 20], false)]
        /// Extensions of each entry.
        var entryExtensions: [(ASN1ObjectIdentifier, Bool)] = [([2, 5, 29, 21], false)]
        var algorithm: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]
        var innerAlgorithm: ASN1ObjectIdentifier?
        var spoilsSignature = false
    }

    /// A revocation list in DER, built node by node, so that each part of it can be wrong.
    func list(_ shape: ListShape = ListShape()) throws -> [UInt8] {
        var body = DER.Serializer()
        try body.appendConstructedNode(identifier: .sequence) { list in
            if let version = shape.version { try list.serialize(version) }
            try list.appendAlgorithm(shape.innerAlgorithm ?? shape.algorithm)
            try list.serialize(certificate.subject)
            try list.serialize(Self.time(shape.begins))
            if let ends = shape.ends { try list.serialize(Self.time(ends)) }
            if !shape.serials.isEmpty {
                try list.appendConstructedNode(identifier: .sequence) { entries in
                    for serial in shape.serials {
                        try entries.appendConstructedNode(identifier: .sequence) { entry in
                            try entry.serialize(serial)
                            try entry.serialize(Self.time(shape.begins))
                            try entry.appendExtensions(shape.entryExtensions)
                        }
                    }
                }
            }
            if !shape.extensions.isEmpty {
                try list.appendConstructedNode(identifier: .init(tagWithNumber: 0, tagClass: .contextSpecific)) {
                    try $0.appendExtensions(shape.extensions)
                }
            }
        }
        let signed = body.serializedBytes
        var signature = Array(try key.signature(for: signed).derRepresentation)
        if shape.spoilsSignature { signature[signature.count - 1] ^= 1 }
        var whole = DER.Serializer()
        try whole.appendConstructedNode(identifier: .sequence) { list in
            list.serializeRawBytes(signed)
            try list.appendAlgorithm(shape.algorithm)
            try list.serialize(ASN1BitString(bytes: signature[...]))
        }
        return whole.serializedBytes
    }

    private static func time(_ seconds: Double) throws -> UTCTime {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: date(seconds))
        return try UTCTime(
            year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0, hours: parts.hour ?? 0,
            minutes: parts.minute ?? 0, seconds: parts.second ?? 0)
    }
}

extension DER.Serializer {
    fileprivate mutating func appendAlgorithm(_ identifier: ASN1ObjectIdentifier) throws {
        try appendConstructedNode(identifier: .sequence) { try $0.serialize(identifier) }
    }

    fileprivate mutating func appendExtensions(_ all: [(ASN1ObjectIdentifier, Bool)]) throws {
        guard !all.isEmpty else { return }
        try appendConstructedNode(identifier: .sequence) { extensions in
            for (identifier, isCritical) in all {
                try extensions.appendConstructedNode(identifier: .sequence) { one in
                    try one.serialize(identifier)
                    if isCritical { try one.serialize(true) }
                    try one.serialize(ASN1OctetString(contentBytes: [2, 1, 1]))
                }
            }
        }
    }
}
