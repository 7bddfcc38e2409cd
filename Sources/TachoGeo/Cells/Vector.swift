/// A point or direction in space, the Earth's centre being 0: x towards 0° N 0° E, y towards 0° N
/// 90° E, z towards the north pole.
struct Vector {
    var x: Double
    var y: Double
    var z: Double

    /// The point of the unit sphere at a latitude and longitude.
    @inline(__always)
    init(latRadians: Double, lonRadians: Double) {
        let radius = cosine(latRadians)
        x = cosine(lonRadians) * radius
        y = sine(lonRadians) * radius
        z = sine(latRadians)
    }

    @inline(__always)
    init(x: Double, y: Double, z: Double) {
        self.x = x
        self.y = y
        self.z = z
    }

    /// Summed from x to z, which some results depend on to the last bit.
    @inline(__always)
    func dot(_ other: Vector) -> Double { x * other.x + y * other.y + z * other.z }

    static func + (a: Vector, b: Vector) -> Vector {
        Vector(x: a.x + b.x, y: a.y + b.y, z: a.z + b.z)
    }

    static func - (a: Vector, b: Vector) -> Vector {
        Vector(x: a.x - b.x, y: a.y - b.y, z: a.z - b.z)
    }

    static func * (factor: Double, v: Vector) -> Vector {
        Vector(x: factor * v.x, y: factor * v.y, z: factor * v.z)
    }

    /// Of length 1; 0 stays 0.
    var normalized: Vector {
        let length = dot(self).squareRoot()
        return length > 0 ? (1 / length) * self : self
    }
}
