import Crypto
import GateHTTP

/// The key of a handshake and what a server makes of it (RFC 6455 §1.3): no secret, a proof that both speak WebSocket.
enum WebSocketKey {
    /// A key of the gateway's own, for a client that sent none.
    static func random() -> String {
        var source = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for _ in 0..<2 {
            let word = source.next()
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * UInt64(shift)))) }
        }
        return base64(bytes)
    }

    /// What `sec-websocket-accept` has to be for `key`.
    static func accept(for key: String) -> [UInt8] {
        var hash = Insecure.SHA1()
        hash.update(data: Array(key.utf8))
        hash.update(data: Array(WebSocketHandshake.keySuffix.description.utf8))
        return Array(base64(Array(hash.finalize())).utf8)
    }

    /// RFC 4648 §4.
    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for byte in group { word = word << 8 | UInt32(byte) }
            word <<= 8 * UInt32(3 - group.count)
            for place in 0..<4 {
                let letter = letters[Int(word >> (18 - 6 * UInt32(place)) & 63)]
                text.append(place <= group.count ? letter : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
