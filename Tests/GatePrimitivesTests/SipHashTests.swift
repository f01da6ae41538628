import GatePrimitives
import Testing

@Suite struct SipHashTests {
    /// Key 00…0f, message 00, 01, 02 …: the designers' vectors for 2-4; for 1-3 what OpenSSL's SIPHASH MAC computes.
    private static let vectors: [(count: Int, twoFour: String, oneThree: String)] = [
        (0, "a3817f04ba25a8e66df67214c7550293", "e77ebcb22788a5befd62db6add303001"),
        (1, "da87c1d86b99af44347659119b22fc45", "fc6f370460d3eda85e0573cc2b2ff063"),
        (7, "a1f1ebbed8dbc153c0b84aa61ff08239", "1084b923f2aae0c3a62f2ec80848ab77"),
        (8, "3b62a9ba6258f5610f83e264f31497b4", "aa12fee1d5e3dab4724f16ab35f9c799"),
        (9, "264499060ad9baabc47f8b02bb6d71ed", "81ddb8042cf33994f4720e0094137c42"),
        (15, "5493e99933b0a8117e08ec0f97cfc3d9", "c17e5505b2bd526c2921cdec1e7e0109"),
        (16, "6ee2a4ca67b054bbfd3315bf85230577", "d0a8d95715518eebb513b0f83d9e1793"),
        (33, "77c6077146f01c32b6b69d5f4ea9ffcf", "c5f57bae1320fcf4b4e868e71d56c66b"),
        (63, "5150d1772f50834a503e069a973fbd7c", "4c5800e34efe426f079f6b0aa75260ad"),
    ]

    private let key = SipKey(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)

    private func hex(_ hash: Hash128) -> String {
        var text = ""
        for word in [hash.first, hash.second] {
            for shift in 0..<8 {
                let byte = UInt8(truncatingIfNeeded: word >> UInt64(shift * 8))
                text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }
        return text
    }

    @Test func itYieldsThePublishedVectors() {
        for vector in Self.vectors {
            let message = (0..<vector.count).map { UInt8($0) }
            #expect(hex(SipHash.hash(message.span, key: key, variant: .twoFour)) == vector.twoFour)
            #expect(hex(SipHash.hash(message.span, key: key, variant: .oneThree)) == vector.oneThree)
        }
    }

    @Test func howTheBytesAreCutDoesNotMatter() {
        let message = (0..<61).map { UInt8($0) }
        let whole = SipHash.hash(message.span, key: key)
        for cut in 0...message.count {
            var hash = SipHash(key: key)
            hash.update(message.span.extracting(0..<cut))
            hash.update(message.span.extracting(cut..<message.count))
            #expect(hash.finish() == whole)
        }
        var word = SipHash(key: key)
        word.update(UInt8(0))
        word.update(UInt64(0x0807_0605_0403_0201))
        #expect(word.finish() == SipHash.hash(message.span.extracting(0..<9), key: key))
    }

    @Test func anotherKeyYieldsAnotherHash() {
        let message: [UInt8] = [1, 2, 3]
        let one = SipHash.hash(message.span, key: .random())
        let other = SipHash.hash(message.span, key: .random())
        #expect(one != other)
    }
}
