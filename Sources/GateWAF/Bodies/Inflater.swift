internal import CZlib

/// Why a compressed body is not inspected.
public enum InflateProblem: Error, Equatable, Sendable {
    /// It inflates to more than the bound (413).
    case tooLarge
    /// It is not what its coding says, ends early, or goes on behind its end (400).
    case corrupt
    /// zlib has no memory (503).
    case memory
}

/// Inflates a compressed body to an absolute bound, whatever the ratio and whatever lengths it claims (attack 60).
public enum Inflater {
    /// The inflated bytes of `body`, at most `limit`; more is `tooLarge`, found after `limit` + 1 bytes.
    ///
    /// All members of a gzip body are taken, as servers take them (RFC 1952 §2.2). Checksums are checked. Time is linear in
    /// the bytes read and written, memory is what is returned and zlib's window of 32 KiB.
    public static func inflate(
        _ body: Span<UInt8>, _ coding: ContentCoding, limit: Int
    ) throws(InflateProblem) -> [UInt8] {
        let windowBits: Int32
        switch coding {
        case .identity:
            guard body.count <= limit else { throw .tooLarge }
            var copy: [UInt8] = []
            unsafe body.withUnsafeBufferPointer { unsafe copy.append(contentsOf: $0) }
            return copy
        // zlib's manual, inflateInit2: 16 more than the window for a gzip wrapper.
        case .gzip: windowBits = 15 &+ 16
        case .deflate: windowBits = 15
        }
        var stream = unsafe z_stream()
        // SAFETY: the stream is zeroed, as inflateInit2 wants it; it is ended once, whatever happens.
        let start = unsafe inflateInit2_(
            &stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard start == Z_OK else { throw .memory }
        defer { _ = unsafe inflateEnd(&stream) }
        var output: [UInt8] = []
        // SAFETY: zlib reads the span's memory within the closure only.
        let result = unsafe body.withUnsafeBytes { bytes in
            unsafe run(&stream, over: bytes, isGzip: coding == .gzip, limit: limit, into: &output)
        }
        if let problem = result { throw problem }
        return output
    }

    /// Inflates all of `bytes`; returns what went wrong.
    private static func run(
        _ stream: inout z_stream, over bytes: UnsafeRawBufferPointer, isGzip: Bool, limit: Int,
        into output: inout [UInt8]
    ) -> InflateProblem? {
        guard let count = UInt32(exactly: bytes.count) else { return .tooLarge }
        // SAFETY: zlib's next_in is not const for old compilers' sake; it only reads.
        unsafe stream.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.avail_in = count
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            // One byte over the limit is asked for, and no more.
            let room = min(piece.count, limit &- output.count &+ 1)
            let written: Int
            let result: Int32
            // SAFETY: zlib writes at most `room` bytes, no more than the buffer has, within the closure.
            (result, written) = unsafe piece.withUnsafeMutableBufferPointer { buffer in
                unsafe stream.next_out = buffer.baseAddress
                unsafe stream.avail_out = UInt32(truncatingIfNeeded: max(room, 0))
                let result = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
                return unsafe (result, max(room, 0) &- Int(stream.avail_out))
            }
            output.append(contentsOf: piece[0..<written])
            guard output.count <= limit else { return .tooLarge }
            switch result {
            case Z_OK: continue
            case Z_STREAM_END:
                let left = unsafe stream.avail_in
                if left == 0 { return nil }
                // Another member, or data behind the end; zlib says which.
                guard isGzip, unsafe inflateReset(&stream) == Z_OK else { return .corrupt }
            case Z_MEM_ERROR: return .memory
            default: return .corrupt
            }
        }
    }
}
