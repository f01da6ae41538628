import CZlib
import GateWAF
import Testing

@Suite struct InflaterTests {
    /// Compresses as zlib does; 31 window bits for gzip, 15 for zlib's own format, -15 for neither.
    private static func compressed(_ input: [UInt8], windowBits: Int32) -> [UInt8] {
        var stream = unsafe z_stream()
        // SAFETY: the stream is zeroed, and ended once; the two buffers live for the call of deflate.
        guard
            unsafe deflateInit2_(
                &stream, 9, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return [] }
        defer { _ = unsafe deflateEnd(&stream) }
        var input = input
        var output = [UInt8](repeating: 0, count: input.count / 2 + 1024)
        let capacity = output.count
        let count = unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                unsafe stream.next_in = source.baseAddress
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(target.count)
                let result = unsafe deflate(&stream, Z_FINISH)
                return unsafe result == Z_STREAM_END ? capacity - Int(stream.avail_out) : 0
            }
        }
        return Array(output[..<count])
    }

    private static func gzip(_ input: [UInt8]) -> [UInt8] { compressed(input, windowBits: 31) }

    private func inflate(
        _ body: [UInt8], _ coding: ContentCoding = .gzip, limit: Int = 1 << 20
    ) -> Result<[UInt8], InflateProblem> {
        do throws(InflateProblem) {
            return .success(try Inflater.inflate(body.span, coding, limit: limit))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [0, 1, 100, 16_383, 16_384, 16_385, 100_000])
    func bodiesComeBackAsTheyWere(count: Int) {
        let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) }
        #expect(inflate(InflaterTests.gzip(body)) == .success(body))
        #expect(inflate(InflaterTests.compressed(body, windowBits: 15), .deflate) == .success(body))
        #expect(inflate(body, .identity) == .success(body))
    }

    @Test(arguments: [(99, true), (100, true), (101, false)])
    func theBoundIsAbsolute(count: Int, fits: Bool) {
        // attacks 60
        let body = [UInt8](repeating: 0x61, count: count)
        let expected: Result<[UInt8], InflateProblem> = fits ? .success(body) : .failure(.tooLarge)
        #expect(inflate(InflaterTests.gzip(body), limit: 100) == expected)
        #expect(inflate(InflaterTests.compressed(body, windowBits: 15), .deflate, limit: 100) == expected)
        #expect(inflate(body, .identity, limit: 100) == expected)
    }

    @Test func aBombEndsAtTheBound() {
        // attacks 60: 50 MB in 50 KB.
        let bomb = InflaterTests.gzip([UInt8](repeating: 0, count: 50_000_000))
        #expect(bomb.count < 60_000)
        #expect(inflate(bomb, limit: 65_536) == .failure(.tooLarge))
    }

    @Test func allMembersOfAGzipBodyAreTaken() {
        let body = InflaterTests.gzip(bytes("abc")) + InflaterTests.gzip(bytes("def"))
        #expect(inflate(body) == .success(bytes("abcdef")))
        #expect(inflate(body, limit: 5) == .failure(.tooLarge))
    }

    @Test func whatIsNotTheCodingIsCorrupt() {
        let gzip = InflaterTests.gzip(bytes("some text to compress"))
        let deflate = InflaterTests.compressed(bytes("some text to compress"), windowBits: 15)
        var badChecksum = gzip
        badChecksum[badChecksum.count - 5] ^= 1
        for body in [[], bytes("x"), deflate, gzip.dropLast(), gzip + [0], gzip + gzip.dropLast(), badChecksum] {
            #expect(inflate(Array(body)) == .failure(.corrupt))
        }
        let raw = InflaterTests.compressed(bytes("some text to compress"), windowBits: -15)
        for body in [gzip, deflate.dropLast(), deflate + deflate, raw] {
            #expect(inflate(Array(body), .deflate) == .failure(.corrupt))
        }
    }

    @Test(arguments: [
        ("gzip", ContentCoding?.some(.gzip)), ("GZip", .gzip), ("x-gzip", .gzip), ("deflate", .deflate),
        ("identity", .identity), ("", .identity), ("br", nil), ("zstd", nil), ("compress", nil), ("gzip, gzip", nil),
        ("gzip,identity", nil), ("gzip ", nil), ("gzip;q=1", nil),
    ])
    func codingsThatAreKnown(value: String, coding: ContentCoding?) {
        #expect(ContentCoding(bytes(value).span) == coding)
        var table = VariableTable()
        table.addRequestHeader(name: bytes("content-encoding").span, value: bytes(value).span)
        #expect(table.requestContentCoding == coding)
    }

    @Test func codingsAreNotStacked() {
        // attacks 60
        var table = VariableTable()
        #expect(table.requestContentCoding == .identity)
        table.addRequestHeader(name: bytes("Content-Encoding").span, value: bytes("gzip").span)
        table.addRequestHeader(name: bytes("Content-Encoding").span, value: bytes("identity").span)
        #expect(table.requestContentCoding == nil)
    }
}
