/// Public keys that give their private half away.
enum RSAWeakness {
    /// The primes for which the fingerprint says most (Nemec and others, "The Return of Coppersmith's Attack", 2017).
    private static let primes: [UInt32] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]

    /// Whether `modulus` (big-endian) is of the form that one vendor's chips made (CVE-2017-15361): modulo each of the
    /// primes it is a power of 65537. By chance that happens once in 2^27 keys.
    static func isROCA(_ modulus: [UInt8]) -> Bool {
        primes.allSatisfy { prime in
            let residue = modulus.reduce(UInt32(0)) { ($0 << 8 | UInt32($1)) % prime }
            var power: UInt32 = 1
            // The powers repeat after at most prime - 1 steps.
            for _ in 1..<prime {
                if power == residue { return true }
                power = power &* 65537 % prime
            }
            return false
        }
    }
}
