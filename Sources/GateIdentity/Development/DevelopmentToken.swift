/// Makes signed tokens for development and tests.
public enum DevelopmentToken {
    /// The compact form (RFC 7515 §7.1) of `payload` under `header`, signed by `key`; nothing is checked or added.
    public static func sign(
        header: JSONNode, payload: [UInt8], key: DevelopmentKey
    ) throws(DevelopmentKey.Problem) -> [UInt8] {
        let input = Base64URL.encode(header.text) + [0x2E] + Base64URL.encode(payload)
        return input + [0x2E] + Base64URL.encode(try key.signature(of: input))
    }

    /// A token with these claims and the usual header: `alg`, `typ` and `kid`.
    public static func mint(
        claims: JSONNode, type: String = "JWT", key: DevelopmentKey
    ) throws(DevelopmentKey.Problem) -> [UInt8] {
        let header = JSONNode.object([
            ("alg", .text(key.algorithm.name)), ("typ", .text(type)), ("kid", .text(key.keyID)),
        ])
        return try sign(header: header, payload: claims.text, key: key)
    }
}
