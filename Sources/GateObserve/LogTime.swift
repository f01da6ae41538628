import GatePrimitives

/// Wall time as ISO 8601 in UTC with milliseconds (RFC 3339 §5.6); the second's text is kept until the second changes.
struct LogTime: ~Copyable {
    private var second = Int64.min
    private var text = TextBuffer()

    /// Appends `instant` as `2026-01-31T23:59:59.123Z`; years outside 0000 to 9999 are clamped.
    mutating func append(_ instant: WallInstant, to output: inout TextBuffer) {
        let clamped = min(max(instant.milliseconds, Self.earliest), Self.latest)
        let (second, millisecond) = Self.divide(clamped, by: 1000)
        if second != self.second {
            render(second)
            self.second = second
        }
        output.append(text.span)
        output.append(0x2e as UInt8)
        output.append(UInt64(millisecond), atLeast: 3)
        output.append(0x5a as UInt8)
    }

    /// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z in milliseconds since the epoch.
    private static let earliest: Int64 = -62_167_219_200_000
    private static let latest: Int64 = 253_402_300_799_999

    private mutating func render(_ second: Int64) {
        let (days, rest) = Self.divide(second, by: 86_400)
        let date = Self.civil(days: days)
        text.removeAll()
        text.append(date.year, atLeast: 4)
        text.append(0x2d as UInt8)
        text.append(date.month, atLeast: 2)
        text.append(0x2d as UInt8)
        text.append(date.day, atLeast: 2)
        text.append(0x54 as UInt8)
        text.append(UInt64(rest / 3600), atLeast: 2)
        text.append(0x3a as UInt8)
        text.append(UInt64(rest / 60 % 60), atLeast: 2)
        text.append(0x3a as UInt8)
        text.append(UInt64(rest % 60), atLeast: 2)
    }

    /// Quotient rounded down and the remainder, which is never negative.
    private static func divide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient &- 1, remainder &+ divisor) : (quotient, remainder)
    }

    /// The date of a day counted from 1970-01-01 in the proleptic Gregorian calendar, for years 0 to 9999.
    ///
    /// Counted in eras of 400 years that begin on the first of March, so that the leap day is a year's last.
    private static func civil(days: Int64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let (era, dayOfEra) = divide(days &+ 719_468, by: 146_097)
        let yearOfEra = (dayOfEra &- dayOfEra / 1460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
        let shifted = (5 &* dayOfYear &+ 2) / 153
        let day = dayOfYear &- (153 &* shifted &+ 2) / 5 &+ 1
        let month = shifted < 10 ? shifted &+ 3 : shifted &- 9
        let year = yearOfEra &+ era &* 400 &+ (month <= 2 ? 1 : 0)
        return (UInt64(max(year, 0)), UInt64(max(month, 1)), UInt64(max(day, 1)))
    }
}
