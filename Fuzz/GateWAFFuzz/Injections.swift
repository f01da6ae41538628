import GateWAF

/// Values as SQL and as HTML: both detectors take any bytes, and a fingerprint has one to five letters.
func detectInjections(_ bytes: [UInt8]) {
    if let fingerprint = SQLInjection.detect(bytes.span) {
        require(1...5 ~= fingerprint.count, "a fingerprint of no length")
        require(fingerprint.bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a fingerprint of no letters")
    }
    _ = ScriptInjection.detect(bytes.span)
}
