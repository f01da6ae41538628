import Crypto
public import GateSettings

/// Digests that name a configuration or an installation.
public enum Digest {
    /// The revision of settings: the first 64 bits of the SHA-256 of their canonical form, in hexadecimal.
    ///
    /// Comments, spacing and the order of keys do not change it.
    public static func revision(of settings: Settings) -> String { short(settings.rendered.bytes()) }

    /// A name for `via` that tells this installation from others: from the machine's id and the configuration's path.
    ///
    /// Two gateways in a row must not take each other for themselves, so there is no fixed name.
    public static func pseudonym(configuration path: String, files: any ConfigurationFiles) -> String {
        let machine = (try? files.contents(of: "/etc/machine-id", limit: 256)) ?? []
        return "portcullis-" + short(machine + [UInt8(ascii: "\n")] + Array(path.utf8))
    }

    /// The SHA-256 of bytes, in hexadecimal.
    static func of(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

    private static func short(_ bytes: [UInt8]) -> String {
        hexadecimal(SHA256.hash(data: bytes).prefix(8))
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        var out = ""
        for byte in bytes {
            let digits = String(byte, radix: 16)
            out += digits.utf8.count == 1 ? "0" + digits : digits
        }
        return out
    }
}
