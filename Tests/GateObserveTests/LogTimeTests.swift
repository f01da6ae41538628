import GatePrimitives
import Glibc
import Testing

@testable import GateObserve

@Suite struct LogTimeTests {
    private func text(_ milliseconds: Int64) -> String {
        var time = LogTime()
        var output = TextBuffer()
        time.append(WallInstant(milliseconds: milliseconds), to: &output)
        return output.string
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
            (.max, "9999-12-31T23:59:59.999Z"), (.min, "0000-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func anInstantIsWrittenInUTCWithMilliseconds(milliseconds: Int64, expected: String) {
        #expect(text(milliseconds) == expected)
    }

    @Test func itAgreesWithTheCLibrary() {
        var random = SystemRandomNumberGenerator()
        var time = LogTime()
        for _ in 0..<5000 {
            let second = Int64.random(in: -62_167_219_200...253_402_300_799, using: &random)
            var clock = time_t(second)
            var date = unsafe tm()
            // SAFETY: gmtime_r(3) reads one value and fills another, both locals.
            _ = unsafe gmtime_r(&clock, &date)
            var output = TextBuffer()
            time.append(WallInstant(milliseconds: second * 1000), to: &output)
            var expected = TextBuffer()
            let fields = unsafe [
                date.tm_year + 1900, date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec,
            ]
            for (field, separator) in zip(fields, ["-", "-", "T", ":", ":", ".000Z"]) {
                expected.append(UInt64(field), atLeast: expected.count == 0 ? 4 : 2)
                expected.append(separator)
            }
            #expect(output.array == expected.array)
        }
    }

    @Test func theKeptSecondIsUsedForItsOwnMillisecondsOnly() {
        var time = LogTime()
        var output = TextBuffer()
        for milliseconds in [999, 1000, 1001, 999] as [Int64] {
            time.append(WallInstant(milliseconds: milliseconds), to: &output)
        }
        let text = output.string
        #expect(
            text
                == "1970-01-01T00:00:00.999Z1970-01-01T00:00:01.000Z1970-01-01T00:00:01.001Z1970-01-01T00:00:00.999Z")
    }
}
