/// SHA-1 (RFC 3174), for rules that name things by it; nothing here is protected by it.
enum SHA1 {
    /// Appends the 20 bytes of the digest of `message` to `output`.
    static func append(digestOf message: Span<UInt8>, to output: inout [UInt8]) {
        var state: InlineArray<5, UInt32> = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        let blocks = (message.count &+ 8) / 64 &+ 1
        for block in 0..<blocks {
            var words = InlineArray<80, UInt32>(repeating: 0)
            for index in 0..<16 { words[index] = word(of: message, at: block &* 64 &+ index &* 4) }
            if block == blocks &- 1 {
                let bits = UInt64(message.count) &* 8
                words[14] = UInt32(truncatingIfNeeded: bits &>> 32)
                words[15] = UInt32(truncatingIfNeeded: bits)
            }
            for index in 16..<80 {
                let mixed = words[index &- 3] ^ words[index &- 8] ^ words[index &- 14] ^ words[index &- 16]
                words[index] = rotated(mixed, by: 1)
            }
            compress(words, into: &state)
        }
        for index in 0..<5 {
            for shift in [24, 16, 8, 0] as [UInt32] { output.append(UInt8(truncatingIfNeeded: state[index] &>> shift)) }
        }
    }

    /// Four bytes of the padded message: a byte 80 follows its end, zeros follow that.
    private static func word(of message: Span<UInt8>, at start: Int) -> UInt32 {
        var word: UInt32 = 0
        for index in start..<start &+ 4 {
            let byte = index < message.count ? message[index] : index == message.count ? 0x80 : 0
            word = word &<< 8 | UInt32(byte)
        }
        return word
    }

    private static func compress(_ words: InlineArray<80, UInt32>, into state: inout InlineArray<5, UInt32>) {
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for index in 0..<80 {
            let (mixed, constant): (UInt32, UInt32) =
                switch index {
                case 0..<20: (b & c | ~b & d, 0x5A82_7999)
                case 20..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                case 40..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            let next = rotated(a, by: 5) &+ mixed &+ e &+ constant &+ words[index]
            (a, b, c, d, e) = (next, a, rotated(b, by: 30), c, d)
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
    }

    private static func rotated(_ word: UInt32, by bits: UInt32) -> UInt32 { word &<< bits | word &>> (32 &- bits) }
}
