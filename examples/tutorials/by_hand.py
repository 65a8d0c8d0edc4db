"""The digits by hand, without the facade: modules, a loss, an optimizer, and the loop written out."""

import autotensor as at
from autotensor import nn, optim
from autotensor.keras.datasets import digits

at.random.seed(0)
(x_train, y_train), (x_test, y_test) = digits.load_data()

model = nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 10))
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(10):
    order = at.random.permutation(len(x_train)).numpy()
    for start in range(0, len(order), 32):
        rows = order[start : start + 32]
        loss = criterion(model(at.tensor(x_train[rows])), at.tensor(y_train[rows]))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    with at.no_grad():
        predicted = at.argmax(model(at.tensor(x_test)), axis=1).numpy()
    print(f"epoch {epoch + 1:2}: loss of the last batch {loss.item():.4f}, test accuracy {(predicted == y_test).mean():.4f}")

loss = criterion(model(at.tensor(x_train[:32])), at.tensor(y_train[:32]))
print(at.draw(loss))
loss.backward()
print(at.draw(loss))
